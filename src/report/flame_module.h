/* Colours of a flame graph: what belongs together has one hue. Names that have a package, class or namespace belong to
 * that, others to the file of the program or library that they are in, or where that is not known, to their source
 * file. A hue depends on the name alone: it is the same in every graph. */
#ifndef SONDE_REPORT_FLAME_MODULE_H
#define SONDE_REPORT_FLAME_MODULE_H

#include "report/entry_stacks.h"

/* The package in a function's name: what stands before the first "." or "::" behind the last slash (and before any
 * arguments); "" for none. */
struct str flame_package(struct str name);

/* What each entry belongs to: an array in the job's arena, whose strings are the profile's. NULL on exhaustion. */
struct str *flame_modules(const struct entry_stacks *stacks);

enum { flame_no_hue = 360 };

/* The hue of a module, in degrees; flame_no_hue for "", which is grey. */
unsigned flame_hue(struct str module);

/* A small number, from 0 to 7, that tells neighbours of one hue apart. */
unsigned flame_shade(struct str name);

#endif
