/* Other names for the hooks of malloc.c and for their callers, where malloc itself belongs to a sanitizer. To be
 * included before all else: then the headers declare the other names too. */
#define malloc hooked_malloc
#define calloc hooked_calloc
#define realloc hooked_realloc
#define reallocarray hooked_reallocarray
#define free hooked_free
#define free_sized hooked_free_sized
#define free_aligned_sized hooked_free_aligned_sized
#define aligned_alloc hooked_aligned_alloc
#define posix_memalign hooked_posix_memalign
#define memalign hooked_memalign
#define valloc hooked_valloc
#define pvalloc hooked_pvalloc
#define malloc_usable_size hooked_malloc_usable_size
