/* File descriptors of the server's own. A thread can have a table of its own: then the program neither sees our sockets
 * nor closes them when it closes all it has, its descriptors get the numbers that they would have without us, it is not
 * short of them because of us, and its children inherit none. */
#ifndef SONDE_RUNTIME_DESCRIPTORS_H
#define SONDE_RUNTIME_DESCRIPTORS_H

/* Gives the calling thread an empty table of its own where the kernel allows it (0 to 2 lead to /dev/null then). Where
 * it does not, the table stays shared, and descriptors_keep moves out of the program's way. */
void descriptors_separate(void);

/* Takes a descriptor that was just opened, or -1, and returns it or the one to use in its place, closed on exec. */
int descriptors_keep(int fd);

#endif
