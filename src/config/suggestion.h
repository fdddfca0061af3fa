// "Did you mean ...?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mainstay {

// The candidate most like the word, if it is like enough; else "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
// "Did you mean "eni_id"?", or the list of what is possible.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mainstay
