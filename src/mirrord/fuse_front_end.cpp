#include "mirrord/fuse_front_end.h"

#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

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

}  // namespace

FuseFrontEnd::FuseFrontEnd(World world, adapters::Fd fuse, Size size)
    : world_(std::move(world)), fuse_(std::move(fuse)), size_(size) {
  MAINSTAY_CHECK(size_.request_max <= fuse::write_max && size_.request_max <= buffer_size_max);
  watch();
}

FuseFrontEnd::~FuseFrontEnd() {
  world_.ring.forget(watch_);
  if (staging_ != 0) world_.buffers.release(staging_);
  for (const auto& [id, asked] : asked_) {
    if (asked.buffer != 0) world_.buffers.release(asked.buffer);
  }
}

Status FuseFrontEnd::ask_again() {
  const Bytes notice = fuse::resend_notice();
  if (::write(fuse_.number(), notice.data(), notice.size()) >= 0) return {};
  return failure(
      Code::unavailable,
      fmt::format("FUSE: requests of the engine before this one are lost ({}); Linux 6.9 "
                  "and newer give them again",
                  adapters::errno_text(errno)));
}

void FuseFrontEnd::abandon() {
  ended_ = true;
  world_.ring.forget(std::exchange(watch_, 0));
  fuse_.reset();
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

// False: there is nothing more to read now.
bool FuseFrontEnd::read_one() {
  if (staging_ == 0) {
    const auto taken = world_.buffers.take(Buffers::Owner::front_end, fuse::write_max);
    if (!taken) {
      world_.ring.forget(std::exchange(watch_, 0));
      return false;
    }
    staging_ = *taken;
  }
  std::array<std::uint8_t, fuse::head_size> head{};
  const std::array<iovec, 2> parts{
      iovec{.iov_base = head.data(), .iov_len = head.size()},
      iovec{.iov_base = world_.buffers.at(staging_), .iov_len = fuse::write_max}};
  const ssize_t size = readv(fuse_.number(), parts.data(), parts.size());
  if (size < 0) {
    // ENOENT: the request was taken back while it was read.
    if (errno == EINTR || errno == ENOENT) return true;
    if (errno != EAGAIN) end(errno == ENODEV ? "it was unmounted" : adapters::errno_text(errno));
    return false;
  }
  const auto whole = static_cast<std::size_t>(size);
  const auto request = fuse::parse(ByteView(head).first(std::min(whole, head.size())), whole);
  if (!request) {
    end(request.error().message);
    return false;
  }
  handle(*request);
  return !ended_;
}

void FuseFrontEnd::handle(const fuse::Request& request) {
  const std::uint64_t unique = request.unique;
  if (const auto* write = std::get_if<fuse::Write>(&request.body)) return on_write(unique, *write);
  if (const auto* read = std::get_if<fuse::Read>(&request.body)) return on_read(unique, *read);
  if (std::holds_alternative<fuse::Sync>(request.body)) return on_sync(unique);
  if (const auto* zero = std::get_if<fuse::Zero>(&request.body)) return on_zero(unique, *zero);
  if (const auto* init = std::get_if<fuse::Init>(&request.body)) {
    return reply(fuse::reply_init(unique, *init, size_.request_max));
  }
  if (const auto* lookup = std::get_if<fuse::Lookup>(&request.body)) {
    return reply(lookup->disk ? fuse::reply_lookup(unique, size_.disk)
                              : fuse::reply_error(unique, ENOENT));
  }
  if (const auto* asked = std::get_if<fuse::GetAttributes>(&request.body)) {
    return reply(fuse::reply_attributes(unique, asked->node, size_.disk));
  }
  if (std::holds_alternative<fuse::Open>(request.body)) return reply(fuse::reply_open(unique));
  if (std::holds_alternative<fuse::StatFs>(request.body)) {
    return reply(fuse::reply_statfs(unique, size_.disk));
  }
  if (const auto* refused = std::get_if<fuse::Unsupported>(&request.body)) {
    return reply(fuse::reply_error(unique, refused->error));
  }
  if (std::holds_alternative<fuse::Trivial>(request.body)) return reply(fuse::reply_done(unique));
}

bool FuseFrontEnd::possible(std::uint64_t offset, std::uint64_t size) const {
  return size > 0 && offset % sector_size == 0 && size % sector_size == 0 && offset <= size_.disk &&
         size <= size_.disk - offset;
}

void FuseFrontEnd::ask(const Asked& asked, const mirror::Range& range) {
  const mirror::RequestId id = ++world_.last_request;
  asked_.emplace(id, asked);
  world_.ask({.id = id, .operation = asked.operation, .range = range, .buffer = asked.buffer});
}

// Falls back on the place where requests are read to, which is large enough for any.
BufferId FuseFrontEnd::place_for(std::size_t size) {
  if (size <= copied_max) {
    if (const auto taken = world_.buffers.take(Buffers::Owner::front_end, size)) return *taken;
  }
  return std::exchange(staging_, 0);
}

void FuseFrontEnd::on_read(std::uint64_t unique, const fuse::Read& read) {
  if (!possible(read.offset, read.size) || read.size > size_.request_max) {
    return reply(fuse::reply_error(unique, EINVAL));
  }
  ask({.unique = unique,
       .operation = Operation::read,
       .size = read.size,
       .buffer = place_for(read.size)},
      {read.offset / sector_size, read.size / sector_size});
}

void FuseFrontEnd::on_write(std::uint64_t unique, const fuse::Write& write) {
  if (!possible(write.offset, write.size) || write.size > size_.request_max) {
    return reply(fuse::reply_error(unique, EINVAL));
  }
  const BufferId read_to = staging_;
  const BufferId buffer = place_for(write.size);
  if (buffer != read_to) {
    std::memcpy(world_.buffers.at(buffer), world_.buffers.at(read_to), write.size);
  }
  ask({.unique = unique, .operation = Operation::write, .size = write.size, .buffer = buffer},
      {write.offset / sector_size, write.size / sector_size});
}

void FuseFrontEnd::on_sync(std::uint64_t unique) {
  ask({.unique = unique, .operation = Operation::flush}, {});
}

void FuseFrontEnd::on_zero(std::uint64_t unique, const fuse::Zero& zero) {
  if (!possible(zero.offset, zero.size)) return reply(fuse::reply_error(unique, EINVAL));
  const std::uint64_t number = ++last_whole_;
  const std::uint64_t parts = (zero.size + size_.zero_max - 1) / size_.zero_max;
  wholes_[number] = {.unique = unique, .parts = static_cast<std::uint32_t>(parts)};
  for (std::uint64_t done = 0; done < zero.size; done += size_.zero_max) {
    const std::uint64_t part = std::min(size_.zero_max, zero.size - done);
    ask({.unique = unique, .operation = Operation::zero, .whole = number},
        {(zero.offset + done) / sector_size, static_cast<std::uint32_t>(part / sector_size)});
  }
}

void FuseFrontEnd::answer(mirror::RequestId request, bool ok) {
  const auto found = asked_.extract(request);
  if (found.empty()) return;
  const Asked& asked = found.mapped();
  if (asked.whole != 0) {
    Whole& whole = wholes_.at(asked.whole);
    whole.ok &= ok;
    if (--whole.parts > 0) return;
    reply(whole.ok ? fuse::reply_done(whole.unique) : fuse::reply_error(whole.unique, EIO));
    wholes_.erase(asked.whole);
    return;
  }
  if (!ok) {
    reply(fuse::reply_error(asked.unique, EIO));
  } else if (asked.operation == Operation::read) {
    reply(fuse::reply_data(asked.unique, asked.size),
          {world_.buffers.at(asked.buffer), asked.size});
  } else if (asked.operation == Operation::write) {
    reply(fuse::reply_written(asked.unique, asked.size));
  } else {
    reply(fuse::reply_done(asked.unique));
  }
  if (asked.buffer != 0) world_.buffers.release(asked.buffer);
}

void FuseFrontEnd::reply(const Bytes& head, ByteView data) {
  if (!fuse_) return;
  const std::array<iovec, 2> parts{
      iovec{.iov_base = const_cast<std::uint8_t*>(head.data()), .iov_len = head.size()},
      iovec{.iov_base = const_cast<std::uint8_t*>(data.data()), .iov_len = data.size()}};
  const ssize_t taken = writev(fuse_.number(), parts.data(), data.empty() ? 1 : 2);
  // ENOENT: nobody waits for it any more.
  if (taken >= 0 || errno == ENOENT || errno == EINTR) return;
  end(errno == ENODEV ? "it was unmounted" : adapters::errno_text(errno));
}

}  // namespace mainstay::mirrord
