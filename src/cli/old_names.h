// Commands under the names that users of the guide's product know: clpmdstat, clpmdctrl.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mainstay::cli {

// The words of `mainstay` for these, or the words as they are if `program` is no such name.
// invalid: there is nothing like that here, and what there is instead.
Result<std::vector<std::string>> from_old_names(const std::string& program,
                                                std::vector<std::string> words);

}  // namespace mainstay::cli
