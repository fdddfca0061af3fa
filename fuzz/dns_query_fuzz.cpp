// What reaches the lab's DNS servers, from whoever sends them anything.
#include "base/check.h"
#include "lab/dns_message.h"

using namespace mainstay;
using namespace mainstay::lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto query = parse_dns_query(bytes);
  if (!query) return 0;
  const DnsAnswer answer{.answers = {{"web.cluster.internal.", "A", 5, {"10.0.110.10"}}}};
  const std::string reply = print_dns_answer(*query, answer, query->size_max);
  MAINSTAY_CHECK(reply.size() <= query->size_max);
  // The question comes back as it was asked.
  MAINSTAY_CHECK(reply.substr(12, query->question_bytes.size()) == query->question_bytes);
  return 0;
}
