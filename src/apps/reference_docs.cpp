// Writes the reference pages into the folder given as its argument.
#include <cstdio>
#include <fstream>

#include "catalog/catalog.h"
#include "config/help.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: reference_docs FOLDER\n", stderr);
    return 2;
  }
  for (const auto& page : mainstay::reference_pages(mainstay::catalog())) {
    const std::string path = std::string(arguments[1]) + "/" + page.name;
    std::ofstream file(path);
    file << page.text;
    file.close();
    if (!file) {
      fmt::print(stderr, "{}: cannot be written. Check that the folder exists.\n", path);
      return 1;
    }
  }
  return 0;
}
