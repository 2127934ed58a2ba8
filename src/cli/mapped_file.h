/* Files that are mapped and not read can become shorter while they are looked at: what is gone then is a SIGBUS. */
#ifndef SONDE_CLI_MAPPED_FILE_H
#define SONDE_CLI_MAPPED_FILE_H

/* From now on such a file ends the program with one line and exit_failure. */
void mapped_file_guard(void);

#endif
