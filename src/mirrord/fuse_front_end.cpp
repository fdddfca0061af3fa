#include "mirrord/fuse_front_end.h"

#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "adapters/linux/errno_text.h"
#include "base/check.h"

namespace mainstay::mirrord {
namespace {

using mirror::BufferId;
using mirror::Operation;
using mirror::sector_size;

// What is read in one turn, before disks and peer have theirs.
constexpr int requests_per_turn = 64;
// Up to here a payload is copied, so that a small request does not hold a large buffer.
constexpr std::size_t copied_max = 64 * 1024;
// A request's id is a number of its own, and its slot.
constexpr std::uint64_t slot_numbers = 512;
static_assert(RequestJournal::slots_max <= slot_numbers);

}  // namespace

FuseFrontEnd::FuseFrontEnd(World world, Fd fuse, Size size)
    : world_(std::move(world)),
      fuse_(std::move(fuse)),
      size_(size),
      asked_(RequestJournal::slots_max) {
  MAINSTAY_CHECK(size_.request_max <= fuse::write_max && size_.request_max <= buffer_size_max);
  watch();
}

FuseFrontEnd::~FuseFrontEnd() {
  world_.ring.forget(watch_);
  if (staging_ != 0) world_.buffers.release(staging_);
  drop_slot();
  for (const Asked& asked : asked_) {
    if (asked.first != 0 && asked.buffer != 0) world_.buffers.release(asked.buffer);
  }
}

Result<FuseFrontEnd::Left> FuseFrontEnd::claim(const RequestJournal::Unanswered& left) {
  auto request = fuse::parse(left.head, left.received);
  if (!request) return std::unexpected(request.error());
  Left claimed{.asker = {request->unique, left.slot}, .request = std::move(*request)};
  const auto* write = std::get_if<fuse::Write>(&claimed.request.body);
  const auto* read = std::get_if<fuse::Read>(&claimed.request.body);
  if (write == nullptr && read == nullptr) return claimed;
  claimed.buffer = left.payload.buffer;
  const std::uint32_t size = write != nullptr ? write->size : read->size;
  if (size <= left.payload.bytes &&
      world_.buffers.take_over(left.payload.buffer, left.payload.bytes)) {
    return claimed;
  }
  return failure(Code::corrupt, "FUSE: the payload of a request under way is lost");
}

void FuseFrontEnd::do_again(const Left& left) {
  if (const auto* write = std::get_if<fuse::Write>(&left.request.body)) {
    transfer({left.asker, Operation::write, write->size, left.buffer}, write->offset);
  } else if (const auto* read = std::get_if<fuse::Read>(&left.request.body)) {
    transfer({left.asker, Operation::read, read->size, left.buffer}, read->offset);
  } else {
    handle(left.asker, left.request);
  }
}

Status FuseFrontEnd::take_over() {
  const auto unanswered = world_.buffers.journal().take_over();
  if (!unanswered) return std::unexpected(unanswered.error());
  // The kernel's numbers grow: this is the order in which it asked.
  std::map<std::uint64_t, Left> in_order;
  for (const auto& each : *unanswered) {
    auto left = claim(each);
    if (!left) return std::unexpected(left.error());
    in_order.emplace(left->asker.unique, std::move(*left));
  }
  for (const auto& [unique, left] : in_order) do_again(left);
  return {};
}

void FuseFrontEnd::abandon() {
  ended_ = true;
  world_.ring.forget(std::exchange(watch_, 0));
  fuse_.reset();
  drop_slot();
  for (const Asked& asked : asked_) {
    if (asked.first != 0) forget(asked.asker);
  }
}

void FuseFrontEnd::drop_slot() {
  if (slot_) world_.buffers.journal().put_back(*std::exchange(slot_, std::nullopt));
}

void FuseFrontEnd::watch() {
  if (watch_ != 0 || ended_) return;
  watch_ =
      world_.ring.watch(fuse_.number(), Ring::Readiness::readable, [this] { read_requests(); });
}

void FuseFrontEnd::resume() { watch(); }

void FuseFrontEnd::end(std::string why) {
  if (std::exchange(ended_, true)) return;
  world_.ring.forget(std::exchange(watch_, 0));
  world_.ended(std::move(why));
}

void FuseFrontEnd::read_requests() {
  for (int requests = 0; requests < requests_per_turn; ++requests) {
    if (!read_one()) return;
  }
}

// False: until something is answered.
bool FuseFrontEnd::make_room() {
  if (staging_ == 0) {
    staging_ = world_.buffers.take(Buffers::Owner::front_end, fuse::write_max).value_or(0);
  }
  if (!slot_) slot_ = world_.buffers.journal().take();
  return staging_ != 0 && slot_;
}

// False: there is nothing more to read now.
bool FuseFrontEnd::read_one() {
  if (!make_room()) {
    world_.ring.forget(std::exchange(watch_, 0));
    return false;
  }
  RequestJournal& journal = world_.buffers.journal();
  journal.place(*slot_, {staging_, fuse::write_max});
  const auto head = journal.head(*slot_);
  const std::array<iovec, 2> parts{
      iovec{.iov_base = head.data(), .iov_len = head.size()},
      iovec{.iov_base = world_.buffers.at(staging_), .iov_len = fuse::write_max}};
  const ssize_t size = readv(fuse_.number(), parts.data(), parts.size());
  if (size < 0) {
    const int error = errno;
    if (error == EAGAIN) return false;
    drop_slot();
    // ENOENT: the request was taken back while it was read.
    if (error == EINTR || error == ENOENT) return true;
    end(error == ENODEV ? "it was unmounted" : adapters::errno_text(error));
    return false;
  }
  const auto whole = static_cast<std::size_t>(size);
  const auto request = fuse::parse(head.first(std::min(whole, head.size())), whole);
  if (!request) {
    end(request.error().message);
    return false;
  }
  handle({request->unique, *std::exchange(slot_, std::nullopt)}, *request);
  return !ended_;
}

void FuseFrontEnd::handle(const Asker& asker, const fuse::Request& request) {
  const std::uint64_t unique = request.unique;
  if (const auto* write = std::get_if<fuse::Write>(&request.body)) return on_write(asker, *write);
  if (const auto* read = std::get_if<fuse::Read>(&request.body)) return on_read(asker, *read);
  if (std::holds_alternative<fuse::Sync>(request.body)) {
    const auto id = note({.asker = asker, .operation = Operation::flush});
    return world_.ask({.id = id, .operation = Operation::flush});
  }
  if (const auto* zero = std::get_if<fuse::Zero>(&request.body)) return on_zero(asker, *zero);
  if (const auto* init = std::get_if<fuse::Init>(&request.body)) {
    return reply(asker, fuse::reply_init(unique, *init, size_.request_max));
  }
  if (const auto* lookup = std::get_if<fuse::Lookup>(&request.body)) {
    return reply(asker, lookup->disk ? fuse::reply_lookup(unique, size_.disk)
                                     : fuse::reply_error(unique, ENOENT));
  }
  if (const auto* asked = std::get_if<fuse::GetAttributes>(&request.body)) {
    return reply(asker, fuse::reply_attributes(unique, asked->node, size_.disk));
  }
  if (std::holds_alternative<fuse::Open>(request.body)) {
    return reply(asker, fuse::reply_open(unique));
  }
  if (std::holds_alternative<fuse::StatFs>(request.body)) {
    return reply(asker, fuse::reply_statfs(unique, size_.disk));
  }
  if (const auto* refused = std::get_if<fuse::Unsupported>(&request.body)) {
    return reply(asker, fuse::reply_error(unique, refused->error));
  }
  if (std::holds_alternative<fuse::Trivial>(request.body)) {
    return reply(asker, fuse::reply_done(unique));
  }
  forget(asker);
}

bool FuseFrontEnd::possible(std::uint64_t offset, std::uint64_t size) const {
  return size > 0 && offset % sector_size == 0 && size % sector_size == 0 && offset <= size_.disk &&
         size <= size_.disk - offset;
}

// The id of its first part; each of the others' is the one after it.
mirror::RequestId FuseFrontEnd::note(Asked asked) {
  asked.first = (world_.last_request + 1) * slot_numbers + asked.asker.slot;
  world_.last_request += asked.parts;
  asked.last = world_.last_request * slot_numbers + asked.asker.slot;
  asked_[asked.asker.slot] = asked;
  ++queue_depth_;
  return asked.first;
}

// Falls back on the place where requests are read to, which is large enough for any.
BufferId FuseFrontEnd::place_for(std::size_t size) {
  if (size <= copied_max) {
    if (const auto taken = world_.buffers.take(Buffers::Owner::front_end, size)) return *taken;
  }
  return std::exchange(staging_, 0);
}

void FuseFrontEnd::on_read(const Asker& asker, const fuse::Read& read) {
  const BufferId read_to = staging_;
  const BufferId buffer = place_for(read.size);
  if (buffer != read_to) world_.buffers.journal().place(asker.slot, {buffer, read.size});
  transfer({asker, Operation::read, read.size, buffer}, read.offset);
}

void FuseFrontEnd::on_write(const Asker& asker, const fuse::Write& write) {
  const BufferId read_to = staging_;
  const BufferId buffer = place_for(write.size);
  if (buffer != read_to) {
    std::memcpy(world_.buffers.at(buffer), world_.buffers.at(read_to), write.size);
    world_.buffers.journal().place(asker.slot, {buffer, write.size});
  }
  transfer({asker, Operation::write, write.size, buffer}, write.offset);
}

void FuseFrontEnd::transfer(const Asked& asked, std::uint64_t offset) {
  if (!possible(offset, asked.size) || asked.size > size_.request_max) {
    reply(asked.asker, fuse::reply_error(asked.asker.unique, EINVAL));
    return world_.buffers.release(asked.buffer);
  }
  world_.ask({.id = note(asked),
              .operation = asked.operation,
              .range = {offset / sector_size, asked.size / sector_size},
              .buffer = asked.buffer});
}

void FuseFrontEnd::on_zero(const Asker& asker, const fuse::Zero& zero) {
  if (!possible(zero.offset, zero.size)) {
    return reply(asker, fuse::reply_error(asker.unique, EINVAL));
  }
  const std::uint64_t parts = (zero.size + size_.zero_max - 1) / size_.zero_max;
  auto id = note(
      {.asker = asker, .operation = Operation::zero, .parts = static_cast<std::uint32_t>(parts)});
  for (std::uint64_t done = 0; done < zero.size; done += size_.zero_max, id += slot_numbers) {
    const std::uint64_t part = std::min(size_.zero_max, zero.size - done);
    world_.ask({.id = id,
                .operation = Operation::zero,
                .range = {(zero.offset + done) / sector_size,
                          static_cast<std::uint32_t>(part / sector_size)}});
  }
}

void FuseFrontEnd::answer(mirror::RequestId request, bool ok) {
  const std::size_t slot = request % slot_numbers;
  if (slot >= asked_.size()) return;
  Asked& asked = asked_[slot];
  // It may be another front end's.
  if (asked.first == 0 || request < asked.first || request > asked.last) return;
  asked.ok &= ok;
  if (--asked.parts > 0) return;
  const Asked done = std::exchange(asked, {});
  --queue_depth_;
  reply(done);
  if (done.buffer != 0) world_.buffers.release(done.buffer);
}

void FuseFrontEnd::reply(const Asked& asked) {
  const std::uint64_t unique = asked.asker.unique;
  if (!asked.ok) {
    reply(asked.asker, fuse::reply_error(unique, EIO));
  } else if (asked.operation == Operation::read) {
    reply(asked.asker, fuse::reply_data(unique, asked.size),
          {world_.buffers.at(asked.buffer), asked.size});
  } else if (asked.operation == Operation::write) {
    reply(asked.asker, fuse::reply_written(unique, asked.size));
  } else {
    reply(asked.asker, fuse::reply_done(unique));
  }
}

void FuseFrontEnd::forget(const Asker& asker) {
  world_.buffers.journal().put_back(asker.slot);
  // It may have been for want of a slot that nothing was read.
  if (staging_ != 0) watch();
}

void FuseFrontEnd::reply(const Asker& asker, const fuse::Reply& reply, ByteView data) {
  if (!fuse_) return;
  const ByteView head = reply.view();
  const std::array<iovec, 2> parts{
      iovec{.iov_base = const_cast<std::uint8_t*>(head.data()), .iov_len = head.size()},
      iovec{.iov_base = const_cast<std::uint8_t*>(data.data()), .iov_len = data.size()}};
  const ssize_t taken = writev(fuse_.number(), parts.data(), data.empty() ? 1 : 2);
  const int error = errno;
  forget(asker);
  // ENOENT: nobody waits for it any more.
  if (taken >= 0 || error == ENOENT || error == EINTR) return;
  end(error == ENODEV ? "it was unmounted" : adapters::errno_text(error));
}

}  // namespace mainstay::mirrord
