// The front end that works on every kernel: FUSE spoken directly, one file, on which a loop device
// sits. Mounting it is the supervisor's part.
#pragma once

#include <memory>
#include <vector>

#include "mirrord/buffers.h"
#include "mirrord/front_end.h"
#include "mirrord/fuse_message.h"
#include "mirrord/ring.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

class FuseFrontEnd final : public FrontEnd {
 public:
  struct World {
    Ring& ring;
    Buffers& buffers;
    std::uint64_t& last_request;  // shared with those that come after: no number is used twice
    Ask ask;
    // The kernel's side is gone; no request comes any more.
    std::function<void(std::string why)> ended;
  };
  struct Size {
    std::uint64_t disk = 0;         // bytes
    std::uint64_t request_max = 0;  // bytes, at most fuse::write_max
    std::uint64_t zero_max = 0;     // bytes of zeroes in one request
  };
  FuseFrontEnd(World world, Fd fuse, Size size);
  ~FuseFrontEnd() override;

  // Does what the engine before this one read and did not answer, before anything else.
  Status take_over();

  // The kernel's side is let go: nothing is read or answered any more, and no later engine does it.
  // The buffers of what was asked stay until the core has answered, so the object must, too.
  void abandon();

  void answer(mirror::RequestId request, bool ok) override;
  void resized(std::uint64_t bytes) override { size_.disk = bytes; }
  void resume() override;
  std::size_t queue_depth() const override { return queue_depth_; }

 private:
  // Who is to be answered: the kernel's number, and the journal's.
  struct Asker {
    std::uint64_t unique = 0;
    RequestJournal::Slot slot = 0;
  };
  // One that is longer than the core takes is asked in parts.
  struct Asked {
    Asker asker;
    mirror::Operation operation = mirror::Operation::read;
    std::uint32_t size = 0;
    mirror::BufferId buffer = 0;
    std::uint32_t parts = 1;      // not answered yet
    mirror::RequestId first = 0;  // the parts' ids; 0: nothing is asked
    mirror::RequestId last = 0;
    bool ok = true;
  };
  // What another engine left.
  struct Left {
    Asker asker;
    fuse::Request request;
    mirror::BufferId buffer = 0;
  };
  void watch();
  void read_requests();
  bool make_room();
  void drop_slot();
  bool read_one();
  void handle(const Asker& asker, const fuse::Request& request);
  void on_read(const Asker& asker, const fuse::Read& read);
  void on_write(const Asker& asker, const fuse::Write& write);
  void on_zero(const Asker& asker, const fuse::Zero& zero);
  Result<Left> claim(const RequestJournal::Unanswered& left);
  void do_again(const Left& left);
  // A read or a write; the buffer becomes the request's.
  void transfer(const Asked& asked, std::uint64_t offset);
  mirror::BufferId place_for(std::size_t size);
  bool possible(std::uint64_t offset, std::uint64_t size) const;
  mirror::RequestId note(Asked asked);
  void reply(const Asked& asked);
  void reply(const Asker& asker, const fuse::Reply& head, ByteView data = {});
  void forget(const Asker& asker);
  void end(std::string why);

  World world_;
  Fd fuse_;
  Size size_;
  Ring::WatchId watch_ = 0;
  // Where the next request is read to; large payloads stay there.
  mirror::BufferId staging_ = 0;
  std::optional<RequestJournal::Slot> slot_;
  std::vector<Asked> asked_;  // by slot
  std::size_t queue_depth_ = 0;
  bool ended_ = false;
};

}  // namespace mainstay::mirrord
