// Where two documents differ: what a node says that refuses to form a cluster with another whose
// configuration is not the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "config/problem.h"
#include "config/schema.h"

namespace mainstay {

// So many are told; with more, the files are different files.
inline constexpr std::size_t differences_max = 20;

struct Difference {
  std::string path;  // "resource awsvip1, node server2: eni_id"
  std::string ours;  // as in a canonical document; "" if it is missing there
  std::string theirs;
  friend bool operator==(const Difference&, const Difference&) = default;
};

// In the meaning: comments, layout and spelled-out defaults make no difference.
std::vector<Difference> difference(const ClusterConfig& ours, const ClusterConfig& theirs,
                                   const Catalog& catalog);
// The same of two canonical documents (print_config), for who has been sent one: a text that is no
// document differs as a whole.
std::vector<Difference> difference(std::string_view ours, std::string_view theirs);

// "resource awsvip1: ip is "10.1.0.20" here and "10.1.0.21" on server2".
std::string to_text(const Difference& difference, const NodeName& other);

}  // namespace mainstay
