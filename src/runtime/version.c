#include "sonde/sonde.h"

const char *sonde_version(void)
{
    return SONDE_VERSION;
}
