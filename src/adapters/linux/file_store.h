// The Store port on files: the newest document, and the one before it.
//
// In the directory are `state` (the last save), `state.previous` (the one before) and, while a save
// runs, `state.new`. Each file is a header (magic, version, sequence number, length, CRC-32C) and
// the document. A save writes `state.new` and fsyncs it, renames `state` to `state.previous`,
// renames `state.new` to `state`, and fsyncs the directory. So whatever a crash leaves behind, one
// whole file is there; a torn one is noticed by its header.
//
// Writing and fsync happen in a worker thread; the loop never waits for the disk.
#pragma once

#include <filesystem>
#include <string>

#include "adapters/linux/loop.h"
#include "adapters/linux/worker.h"
#include "ports/store.h"
#include "posix/fd.h"

namespace mainstay::adapters {

class FileStore : public Store {
 public:
  FileStore(Loop& loop, std::filesystem::path directory);

  // Makes the directory if it is missing, and takes it for this process alone. conflict: another
  // process has it.
  Result<std::optional<Bytes>> load() override;
  Task<Status> save(Bytes document) override;

  // What load() met and repaired, for the log; "" if nothing.
  const std::string& notice() const { return notice_; }

 private:
  struct Copy;

  Status take_directory();
  Copy read_copy(const char* name) const;
  Result<std::optional<Bytes>> settle(Copy current, Copy previous, Copy unfinished);

  std::filesystem::path directory_;
  Worker worker_;
  Fd lock_;
  std::uint64_t sequence_ = 0;
  std::string notice_;
};

}  // namespace mainstay::adapters
