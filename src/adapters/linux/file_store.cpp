// The Store port on files.
#include "adapters/linux/file_store.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"
#include "base/check.h"

namespace mainstay::adapters {
namespace {

namespace fs = std::filesystem;

constexpr const char* current_name = "state";
constexpr const char* previous_name = "state.previous";
constexpr const char* unfinished_name = "state.new";
constexpr const char* corrupt_name = "state.corrupt";

constexpr std::uint64_t magic = 0x4554'4154'5359'414dULL;  // "MAYSTATE" on disk
constexpr std::uint32_t version = 1;
constexpr std::size_t header_size = 28;

Bytes encode(std::uint64_t sequence, ByteView document) {
  ByteWriter body;
  body.u32(version);
  body.u64(sequence);
  body.u32(static_cast<std::uint32_t>(document.size()));
  body.raw(document);
  ByteWriter file;
  file.u64(magic);
  file.u32(crc32c(body.bytes()));
  file.raw(body.bytes());
  return file.take();
}

Status write_whole(int fd, ByteView bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_failure(errno, what);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status sync_directory(const fs::path& directory) {
  const Fd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.number()) != 0) return errno_failure(errno, directory.string());
  return {};
}

Status rename_file(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return errno_failure(errno, from.string());
  return {};
}

Status write_durably(const fs::path& file, ByteView bytes) {
  const Fd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return errno_failure(errno, file.string());
  if (auto written = write_whole(fd.number(), bytes, file.string()); !written) return written;
  if (fsync(fd.number()) != 0) return errno_failure(errno, file.string());
  return {};
}

// Runs in the worker. A step that fails leaves `state` or `state.previous` whole.
Status replace(const fs::path& directory, ByteView bytes) {
  if (auto written = write_durably(directory / unfinished_name, bytes); !written) return written;
  const fs::path current = directory / current_name;
  if (rename(current.c_str(), (directory / previous_name).c_str()) != 0 && errno != ENOENT) {
    return errno_failure(errno, current.string());
  }
  if (auto renamed = rename_file(directory / unfinished_name, current); !renamed) return renamed;
  return sync_directory(directory);
}

}  // namespace

struct FileStore::Copy {
  bool exists = false;
  bool whole = false;
  std::string problem;  // why it is not whole
  std::uint64_t sequence = 0;
  Bytes document;
};

FileStore::FileStore(Loop& loop, fs::path directory)
    : directory_(std::move(directory)), worker_(loop, Worker::AtEnd::finish) {}

Status FileStore::take_directory() {
  std::error_code error;
  if (fs::create_directories(directory_, error)) {
    fs::permissions(directory_, fs::perms::owner_all, error);
  }
  if (error) return errno_failure(error.value(), "state directory " + directory_.string());
  const fs::path lock = directory_ / "lock";
  lock_ = Fd(open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_) return errno_failure(errno, lock.string());
  if (flock(lock_.number(), LOCK_EX | LOCK_NB) != 0) {
    return failure(Code::conflict,
                   fmt::format("state directory {}: another mainstayd uses it; stop it first",
                               directory_.string()));
  }
  return {};
}

FileStore::Copy FileStore::read_copy(const char* name) const {
  Copy copy;
  const fs::path file = directory_ / name;
  const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  copy.exists = static_cast<bool>(fd) || errno != ENOENT;
  if (!fd) {
    copy.problem = errno_text(errno);
    return copy;
  }
  Bytes bytes(header_size + store_size_max + 1);
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < bytes.size() &&
         (got = read(fd.number(), bytes.data() + size, bytes.size() - size)) > 0) {
    size += static_cast<std::size_t>(got);
  }
  if (got < 0) {
    copy.problem = errno_text(errno);
    return copy;
  }
  bytes.resize(size);
  ByteReader reader(bytes);
  const bool ours = reader.u64() == magic;
  const std::uint32_t sum = reader.u32();
  copy.problem = "its checksum does not match its content";
  if (!reader.ok() || !ours || sum != crc32c(reader.rest())) return copy;
  if (reader.u32() != version) {
    copy.problem = "it was written by another version of mainstayd";
    return copy;
  }
  copy.sequence = reader.u64();
  if (reader.u32() != reader.rest().size()) return copy;
  copy.document.assign(reader.rest().begin(), reader.rest().end());
  copy.whole = true;
  return copy;
}

Result<std::optional<Bytes>> FileStore::load() {
  MAINSTAY_CHECK(!lock_);
  if (auto taken = take_directory(); !taken) return std::unexpected(taken.error());
  return settle(read_copy(current_name), read_copy(previous_name), read_copy(unfinished_name));
}

// Chooses the newest whole copy, and leaves the directory so that the next save cannot harm it.
Result<std::optional<Bytes>> FileStore::settle(Copy current, Copy previous, Copy unfinished) {
  const fs::path file = directory_ / current_name;
  // Only between the two renames of a save is there no current file; then the new one is whole.
  // Otherwise an unfinished file is a save whose caller got no answer: it never happened.
  if (!current.exists && unfinished.whole && unfinished.sequence > previous.sequence) {
    notice_ = fmt::format("{}: the last save was cut short and is completed", file.string());
    auto renamed = rename_file(directory_ / unfinished_name, file);
    if (renamed) renamed = sync_directory(directory_);
    if (!renamed) return std::unexpected(renamed.error());
    current = std::move(unfinished);
  }
  if (current.whole) {
    sequence_ = current.sequence;
    return std::move(current.document);
  }
  if (!current.exists && !previous.exists) return std::nullopt;
  if (!previous.whole) {
    return failure(
        Code::corrupt,
        fmt::format("{}: {}; and the copy before it cannot be used either ({}). Restore "
                    "it from a backup, or remove {} to join the cluster as a new node",
                    file.string(), current.exists ? current.problem : "it is missing",
                    previous.exists ? previous.problem : "there is none", directory_.string()));
  }
  if (current.exists) {
    // Out of the way, or the next save would put it in the place of the good one.
    notice_ = fmt::format("{}: {}; the one before it is used", file.string(), current.problem);
    if (auto kept = rename_file(file, directory_ / corrupt_name); !kept) {
      return std::unexpected(kept.error());
    }
  }
  sequence_ = previous.sequence;
  return std::move(previous.document);
}

Task<Status> FileStore::save(Bytes document) {
  MAINSTAY_CHECK(lock_);
  if (document.size() > store_size_max) {
    co_return failure(Code::invalid,
                      fmt::format("a state of {} bytes is too large to be saved", document.size()));
  }
  Completion<Status> done;
  const bool taken = worker_.submit<Status>(
      [directory = directory_, bytes = encode(++sequence_, document)] {
        return replace(directory, bytes);
      },
      [done](Status status) { done.set(std::move(status)); });
  if (!taken) co_return failure(Code::unavailable, "the disk does not keep up with the saves");
  co_return co_await done;
}

}  // namespace mainstay::adapters
