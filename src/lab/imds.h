// The instance metadata service, version 2, as one instance sees it. Pure; the clock is an
// argument.
#pragma once

#include <map>
#include <string>

#include "base/random.h"
#include "lab/accounts.h"
#include "lab/http.h"
#include "lab/model.h"

namespace mainstay::lab {

inline constexpr std::size_t tokens_max = 1000;  // per lab; the ones that end first are forgotten

class MetadataService {
 public:
  explicit MetadataService(std::uint64_t seed) : random_(seed) {}

  HttpResponse answer(const HttpRequest& request, const Model& model, const Instance& instance,
                      Accounts& accounts, std::int64_t now_ms);

  // What EC2 announces to an instance: a path below meta-data/, and what stands there from now on.
  void announce(const std::string& instance, const std::string& path, const std::string& value);
  // Everything that was announced to the instance.
  void withdraw(const std::string& instance);

 private:
  HttpResponse make_token(const HttpRequest& request, const Instance& instance,
                          std::int64_t now_ms);
  bool token_valid(const HttpRequest& request, const Instance& instance, std::int64_t now_ms) const;

  struct Token {
    std::string instance;
    std::int64_t ends_ms = 0;
  };
  Random random_;
  std::map<std::string, Token> tokens_;
  std::map<std::string, std::map<std::string, std::string>> notices_;
};

}  // namespace mainstay::lab
