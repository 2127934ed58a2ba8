/* Formats of other tools, each of which go tool pprof refuses. Every reader says whether the text is its own. */
#ifndef SONDE_PROFILE_FOREIGN_H
#define SONDE_PROFILE_FOREIGN_H

#include "base/cursor.h"
#include "profile/profile.h"

enum foreign_result { foreign_done, foreign_other, foreign_broken };

/* Folded stacks, as flame graph tools exchange them: "main;work;malloc 12" a line, root first. A frame may say where it
 * is: "work (file.py:12)". */
enum foreign_result foreign_read_folded(struct str text, struct mem *mem, struct profile *out, struct fault *fault);

/* What `perf script` prints. One sample type for each event beside the count of samples; comm, pid and tid are labels.
 */
enum foreign_result foreign_read_perf_script(struct str text, struct mem *mem, struct profile *out,
                                             struct fault *fault);

/* speedscope's file format (https://www.speedscope.app/file-format-schema.json): sampled and evented profiles, whose
 * names become labels; V8's .cpuprofile and .heapprofile; and Chrome's traces. */
enum foreign_result foreign_read_json(struct str text, struct mem *mem, struct profile *out, struct fault *fault);

/* Tries all of them. */
enum foreign_result foreign_read(struct str text, struct mem *mem, struct profile *out, struct fault *fault);

#endif
