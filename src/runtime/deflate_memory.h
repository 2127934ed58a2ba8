/* libdeflate, which compresses profiles, lives on libsonde's own memory. */
#ifndef SONDE_RUNTIME_DEFLATE_MEMORY_H
#define SONDE_RUNTIME_DEFLATE_MEMORY_H

/* From now on libdeflate does not call malloc; once, at the start. */
void deflate_memory_init(void);

#endif
