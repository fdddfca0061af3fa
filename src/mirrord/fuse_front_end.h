// The front end that works on every kernel: FUSE spoken directly, one file, on which a loop device
// sits. Mounting it is the supervisor's part.
#pragma once

#include <memory>
#include <unordered_map>

#include "adapters/linux/fd.h"
#include "mirrord/buffers.h"
#include "mirrord/front_end.h"
#include "mirrord/fuse_message.h"
#include "mirrord/ring.h"

namespace mainstay::mirrord {

class FuseFrontEnd final : public FrontEnd {
 public:
  struct World {
    Ring& ring;
    Buffers& buffers;
    mirror::RequestId& last_request;  // shared with those that come after: no id is used twice
    Ask ask;
    // The kernel's side is gone; no request comes any more.
    std::function<void(std::string why)> ended;
  };
  struct Size {
    std::uint64_t disk = 0;         // bytes
    std::uint64_t request_max = 0;  // bytes, at most fuse::write_max
    std::uint64_t zero_max = 0;     // bytes of zeroes in one request
  };
  FuseFrontEnd(World world, adapters::Fd fuse, Size size);
  ~FuseFrontEnd() override;

  // An engine before this one may have read requests that it did not answer. unavailable: the
  // kernel cannot give them again.
  Status ask_again();

  // The kernel's side is let go: nothing is read or answered any more. The buffers of what was
  // asked stay until the core has answered, so the object must, too.
  void abandon();

  void answer(mirror::RequestId request, bool ok) override;
  void resume() override;
  std::size_t queue_depth() const override { return asked_.size(); }

 private:
  struct Asked {
    std::uint64_t unique = 0;
    mirror::Operation operation = mirror::Operation::read;
    std::uint32_t size = 0;
    mirror::BufferId buffer = 0;
    std::uint64_t whole = 0;  // the number of the request this is a part of; 0: of none
  };
  // A request that is longer than the core takes.
  struct Whole {
    std::uint64_t unique = 0;
    std::uint32_t parts = 0;
    bool ok = true;
  };
  void watch();
  void read_requests();
  bool read_one();
  void handle(const fuse::Request& request);
  void on_read(std::uint64_t unique, const fuse::Read& read);
  void on_write(std::uint64_t unique, const fuse::Write& write);
  void on_sync(std::uint64_t unique);
  void on_zero(std::uint64_t unique, const fuse::Zero& zero);
  mirror::BufferId place_for(std::size_t size);
  bool possible(std::uint64_t offset, std::uint64_t size) const;
  void ask(const Asked& asked, const mirror::Range& range);
  void reply(const Bytes& head, ByteView data = {});
  void end(std::string why);

  World world_;
  adapters::Fd fuse_;
  Size size_;
  Ring::WatchId watch_ = 0;
  // Where the next request is read to; large payloads stay there.
  mirror::BufferId staging_ = 0;
  std::unordered_map<mirror::RequestId, Asked> asked_;
  std::unordered_map<std::uint64_t, Whole> wholes_;
  std::uint64_t last_whole_ = 0;
  bool ended_ = false;
};

}  // namespace mainstay::mirrord
