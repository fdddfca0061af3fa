#include "cli/old_names.h"

#include <doctest/doctest.h>

using namespace mainstay;
using namespace mainstay::cli;
using Words = std::vector<std::string>;

TEST_CASE("old names: the state and the control of mirror disks") {
  CHECK(from_old_names("/usr/bin/clpmdstat", {"-m", "md1"}).value() ==
        Words{"mirror", "status", "md1"});
  CHECK(from_old_names("clpmdstat", {"-l"}).value() == Words{"mirror", "status"});
  CHECK(from_old_names("clpmdctrl", {"-b", "md1"}).value() == Words{"mirror", "break", "md1"});
  CHECK(from_old_names("clpmdctrl", {"--recovery", "md1"}).value() ==
        Words{"mirror", "recover", "md1"});
}

TEST_CASE("old names: what there is not is refused, with what there is") {
  CHECK(from_old_names("clpmdctrl", {"--active", "md1"}).error().message.find("group start") !=
        std::string::npos);
  CHECK_FALSE(from_old_names("clpmdctrl", {"--sync", "md1"}).has_value());
  CHECK_FALSE(from_old_names("clpmdctrl", {}).has_value());
  CHECK_FALSE(from_old_names("clpmdstat", {"--perf"}).has_value());
}

TEST_CASE("old names: any other program's words stay what they are") {
  CHECK(from_old_names("/usr/bin/mainstay", {"status"}).value() == Words{"status"});
  CHECK(from_old_names("", {}).value() == Words{});
}
