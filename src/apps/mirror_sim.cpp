// mainstay-mirror-sim: runs seeds of the mirror's world (docs/mirror.md).
#include "sim/mirror/command.h"

int main(int argc, char** argv) { return mainstay::mirror_sim::run_command(argc, argv); }
