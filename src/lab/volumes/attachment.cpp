// A FUSE mount that appears in no directory, a loop device on its only file, and the threads that
// serve it.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "lab/volumes/volume.h"

namespace mainstay::lab {
namespace {

constexpr int threads_of_volume = 4;
// Somebody else may take the free device that we were told of.
constexpr int attempts_max = 16;
constexpr std::size_t request_max = fuse::write_head + fuse::data_max;

Status set_option(const Fd& context, const char* name, const std::string& value) {
  if (::fsconfig(context.number(), FSCONFIG_SET_STRING, name, value.c_str(), 0) == 0) return {};
  return system_failure(fmt::format("set the option {} of a FUSE mount", name));
}

std::string device_path(int number) { return fmt::format("/dev/loop{}", number); }

}  // namespace

Result<std::unique_ptr<Attachment>> Attachment::make(Volume& volume) {
  std::unique_ptr<Attachment> made(new Attachment(volume));
  made->end_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made->end_) return system_failure("eventfd");
  if (auto done = made->mount(); !done) return std::unexpected(done.error());
  volume.power_on();
  for (int i = 0; i < threads_of_volume; ++i) {
    made->threads_.emplace_back([raw = made.get()] { raw->serve(); });
  }
  if (auto done = made->attach_loop(); !done) return std::unexpected(done.error());
  return made;
}

Attachment::~Attachment() {
  abort();
  if (loop_) ::ioctl(loop_.number(), LOOP_CLR_FD);  // Else with its last user.
}

Status Attachment::mount() {
  fuse_ = Fd(::open("/dev/fuse", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fuse_) return system_failure("open /dev/fuse");
  const Fd context(::fsopen("fuse", FSOPEN_CLOEXEC));
  if (!context) return system_failure("make a FUSE mount");
  const std::array<std::pair<const char*, std::string>, 6> options{
      {{"source", "mainstay-lab"},
       {"fd", std::to_string(fuse_.number())},
       {"rootmode", "40000"},
       {"user_id", "0"},
       {"group_id", "0"},
       {"max_read", std::to_string(fuse::data_max)}}};
  for (const auto& [name, value] : options) {
    if (auto set = set_option(context, name, value); !set) return set;
  }
  if (::fsconfig(context.number(), FSCONFIG_SET_FLAG, "allow_other", nullptr, 0) != 0 ||
      ::fsconfig(context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return system_failure("make a FUSE mount");
  }
  mount_ = Fd(::fsmount(context.number(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  return mount_ ? Status{} : system_failure("make a FUSE mount");
}

Status Attachment::attach_loop() {
  const Fd file(::openat(mount_.number(), volume_.id().c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return system_failure("open the volume " + volume_.id());
  const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return system_failure("open /dev/loop-control");
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    loop_number_ = ::ioctl(control.number(), LOOP_CTL_GET_FREE);
    if (loop_number_ < 0) return system_failure("find a free loop device");
    Fd loop(::open(device_path(loop_number_).c_str(), O_RDWR | O_CLOEXEC));
    if (!loop) return system_failure("open " + device_path(loop_number_));
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(file.number());
    config.block_size = volume_sector;
    config.info.lo_flags = LO_FLAGS_DIRECT_IO | LO_FLAGS_AUTOCLEAR;
    volume_.id().copy(reinterpret_cast<char*>(config.info.lo_file_name), LO_NAME_SIZE - 1);
    if (::ioctl(loop.number(), LOOP_CONFIGURE, &config) == 0) {
      loop_ = std::move(loop);
      return {};
    }
    if (errno != EBUSY) return system_failure("configure " + device_path(loop_number_));
  }
  return failure(Code::conflict, "others take the free loop devices faster than the lab does");
}

void Attachment::abort() {
  if (!fuse_) return;
  (void)volume_.power_off();  // Its sectors are counted by whoever cut the power before.
  ::eventfd_write(end_.number(), 1);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  fuse_.reset();
}

Status Attachment::wait_until_free(Duration patience) const {
  const std::int64_t until = monotonic_ns() + patience.count();
  const std::string path = device_path(loop_number_);
  for (;;) {
    // Whoever mounts it has claimed it.
    const Fd claim(::open(path.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    if (claim && ::fsync(claim.number()) == 0) return {};
    if (claim || errno != EBUSY) return system_failure("flush " + path);
    if (monotonic_ns() > until) {
      return failure(Code::timed_out, "the volume " + volume_.id() + " is still mounted");
    }
    std::this_thread::sleep_for(2ms);
  }
}

bool Attachment::serve_one(std::span<std::uint8_t> buffer) {
  const ssize_t size = ::read(fuse_.number(), buffer.data(), buffer.size());
  // ENOENT: it was taken back while it was read.
  if (size < 0) return errno == EAGAIN || errno == EINTR || errno == ENOENT;
  const ByteView message = ByteView(buffer).first(static_cast<std::size_t>(size));
  const auto request = fuse::parse(message);
  if (!request) return false;
  if (request->what == fuse::Request::What::silence) return true;
  const bool write = request->what == fuse::Request::What::write;
  const Bytes reply =
      volume_.answer(*request, write ? message.subspan(fuse::write_head) : ByteView());
  if (reply.empty()) return true;
  return ::write(fuse_.number(), reply.data(), reply.size()) >= 0 || errno == ENOENT ||
         errno == EINTR;
}

void Attachment::serve() {
  ::prctl(PR_SET_NAME, "lab-volume", 0, 0, 0);
  // Memory that this thread needs must not wait for what it is to write.
  (void)::prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
  std::vector<std::uint8_t> buffer(request_max);
  for (;;) {
    std::array<pollfd, 2> polled = {{{fuse_.number(), POLLIN, 0}, {end_.number(), POLLIN, 0}}};
    ::poll(polled.data(), polled.size(), -1);
    if (polled[1].revents != 0) return;
    if (polled[0].revents != 0 && !serve_one(buffer)) return;
  }
}

}  // namespace mainstay::lab
