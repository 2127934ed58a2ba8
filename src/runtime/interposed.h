/* The mark of a libc function that libsonde puts itself in front of. Everything is compiled with hidden visibility;
 * what may be seen from outside is what sonde.h declares and what bears this mark, in libsonde.so (where other symbols
 * of the linked archives are excluded) and in libsonde.a (where hidden symbols are made local). */
#ifndef SONDE_RUNTIME_INTERPOSED_H
#define SONDE_RUNTIME_INTERPOSED_H

#define INTERPOSED __attribute__((visibility("default")))

#endif
