// mainstay-sim: runs seeds of the simulator, for those who work on Mainstay (docs/simulator.md).
#include "sim/command.h"

int main(int argc, char** argv) { return mainstay::sim::run_command(argc, argv); }
