// The program mainstay-lab: the command line, and process 1 of each instance.
#include <string_view>

#include "lab/cli.h"
#include "lab/init.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == mainstay::lab::init_word) {
    return mainstay::lab::run_init();
  }
  return mainstay::lab::run_cli(argc, argv);
}
