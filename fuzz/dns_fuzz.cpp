// What comes back from a name server, or from whoever answers in its place.
#include "adapters/linux/dns_message.h"
#include "base/check.h"

using namespace mainstay;
using namespace mainstay::adapters;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView message(data, size);
  for (const DnsType type : {DnsType::a, DnsType::ns, DnsType::aaaa}) {
    const DnsQuestion question{0x1234, "service.hz1.local.", type};
    const auto found = decode(message, question);
    MAINSTAY_CHECK(!found || !found->empty());
    MAINSTAY_CHECK(!found || answers(message, question));
    (void)is_truncated(message);
  }
  return 0;
}
