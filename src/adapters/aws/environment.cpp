#include "adapters/aws/environment.h"

#include <unistd.h>

#include <string_view>

#include "adapters/http/url.h"

namespace mainstay::aws {

Environment process_environment() {
  Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::string variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : std::string(trim(found->second));
}

bool is_on(const Environment& environment, const std::string& name) {
  return lower_case(variable(environment, name)) == "true";
}

}  // namespace mainstay::aws
