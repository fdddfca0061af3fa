// Two real engines, their files, a real ext4 on the device: what survives which accident.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "base/random.h"
#include "harness/mirror.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

constexpr Duration patience = 60s;
constexpr std::uint64_t mebibyte = 1024 * 1024;

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
void must(const Status& status) {
  if (!status) FAIL(status.error().message);
}

// What is mounted here goes with this process.
void leave_mount_namespace() {
  static const bool left =
      unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  REQUIRE(left);
}

struct Wanted {
  bool record = false;
  std::uint64_t size = 64 * mebibyte;
  std::string type = "ext4";
  bool block = false;  // the data partitions are block devices, not files
};

// A file with a loop device on it, found under the path that the file had.
class BlockDevice {
 public:
  explicit BlockDevice(const std::string& path) : file_(path + ".file") {
    std::filesystem::rename(path, file_);
    loop_ = must(output_of({.argv = {"losetup", "--find", "--show", "--direct-io=on", file_}}));
    while (loop_.ends_with('\n')) loop_.pop_back();
    std::filesystem::create_symlink(loop_, path);
  }
  ~BlockDevice() { (void)output_of({.argv = {"losetup", "--detach", loop_}}); }
  BlockDevice(const BlockDevice&) = delete;
  BlockDevice& operator=(const BlockDevice&) = delete;

  const std::string& file() const { return file_; }
  void look_at_size() const { must(output_of({.argv = {"losetup", "--set-capacity", loop_}})); }

 private:
  std::string file_, loop_;
};

struct Stage {
  explicit Stage(const Wanted& wanted = {})
      : folder(must(RunFolder::make("mirror"))), type(wanted.type) {
    leave_mount_namespace();
    const MirrorSetup setup{.program = must(find_program("mainstay-mirrord")),
                            .folder = folder.path(),
                            .size = wanted.size,
                            .port = must(free_port()),
                            .record = wanted.record};
    first.emplace(must(MirrorNode::make(setup, 0)));
    second.emplace(must(MirrorNode::make(setup, 1)));
    std::filesystem::create_directory(mounted());
    if (!wanted.block) return;
    for (const auto* node : {&*first, &*second}) {
      devices.push_back(std::make_unique<BlockDevice>(node->data()));
    }
  }
  ~Stage() {
    umount2(mounted().c_str(), MNT_DETACH);
    first->stop();
    second->stop();
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void prepare_and_start() {
    must(first->prepare("source"));
    must(second->prepare("target"));
    must(second->start());
    must(first->start());
    must(first->wait_for("connected", "true", patience));
  }
  std::string mounted() const { return folder.path() + "/mounted"; }
  void make_file_system(const MirrorNode& node) const {
    const char* overwrite = type == "xfs" ? "-f" : "-F";
    must(output_of({.argv = {"mkfs." + type, "-q", overwrite, device_of(node)}}));
  }
  void mount_from(const MirrorNode& node) const {
    REQUIRE(mount(device_of(node).c_str(), mounted().c_str(), type.c_str(), 0, nullptr) == 0);
  }
  void unmount() const { REQUIRE(umount(mounted().c_str()) == 0); }
  static std::string device_of(const MirrorNode& node) {
    return std::filesystem::canonical(node.device()).string();
  }
  bool data_is_equal() const {
    return must(run({.argv = {"cmp", first->data(), second->data()}})).exit_code == 0;
  }

  RunFolder folder;
  std::string type;  // of the file system
  std::vector<std::unique_ptr<BlockDevice>> devices;
  std::optional<MirrorNode> first, second;
};

// A file of blocks, each of which says what was written to it last.
class Blocks {
 public:
  static constexpr std::size_t size = 4096;
  static constexpr std::uint64_t count = 1024;

  explicit Blocks(const std::string& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), written_(count) {
    REQUIRE(file_ >= 0);
  }
  ~Blocks() { close(file_); }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  // False: the file system had an error.
  bool write_one(Random& random) {
    const std::uint64_t block = random.below(count);
    const std::uint64_t value = random.next();
    const auto bytes = content(block, value);
    const bool good =
        pwrite(file_, bytes.data(), size, place(block)) == ssize_t{size} && fdatasync(file_) == 0;
    // Of one that failed nobody knows whether it is there.
    written_[block] = good ? value : 0;
    return good;
  }
  std::uint64_t wrong() const {
    std::uint64_t found = 0;
    for (std::uint64_t block = 0; block < count; ++block) {
      if (written_[block] == 0) continue;
      std::vector<std::uint64_t> bytes(size / 8);
      const bool read = pread(file_, bytes.data(), size, place(block)) == ssize_t{size};
      if (!read || bytes != content(block, written_[block])) ++found;
    }
    return found;
  }
  void open_again(const std::string& path) {
    close(file_);
    file_ = open(path.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(file_ >= 0);
  }
  void let_go() { close(std::exchange(file_, -1)); }

 private:
  static off_t place(std::uint64_t block) { return static_cast<off_t>(block * size); }
  static std::vector<std::uint64_t> content(std::uint64_t block, std::uint64_t value) {
    std::vector<std::uint64_t> words(size / 8, value);
    words[0] = block;
    return words;
  }

  int file_;
  std::vector<std::uint64_t> written_;
};

TEST_CASE("a copy that died and came back is equal again, byte for byte") {
  Stage stage;
  stage.prepare_and_start();
  must(stage.first->promote(1));
  stage.make_file_system(*stage.first);
  stage.mount_from(*stage.first);
  Random random(1);
  {
    Blocks blocks(stage.mounted() + "/blocks");
    must(stage.first->wait_for("peer.state", "up to date", patience));
    for (int i = 0; i < 200; ++i) REQUIRE(blocks.write_one(random));
    stage.second->kill();
    for (int i = 0; i < 200; ++i) REQUIRE(blocks.write_one(random));
    CHECK(must(stage.first->field("peer.state")) == "outdated");
    CHECK(must(stage.first->field("dirty_bytes")) != "0");
    must(stage.second->start());
    for (int i = 0; i < 200; ++i) REQUIRE(blocks.write_one(random));
    must(stage.first->wait_for("peer.state", "up to date", patience));
    CHECK(must(stage.first->field("dirty_bytes")) == "0");
  }
  stage.unmount();
  must(stage.first->demote());
  CHECK(stage.data_is_equal());
  CHECK(stage.first->stop() == 0);
  CHECK(stage.second->stop() == 0);
  CHECK_FALSE(std::filesystem::exists(stage.first->socket()));
  CHECK_FALSE(std::filesystem::is_symlink(stage.first->device()));
}

TEST_CASE("the other node finds what the first one wrote") {
  Stage stage;
  stage.prepare_and_start();
  must(stage.first->promote(1));
  must(stage.first->wait_for("peer.state", "up to date", patience));
  stage.make_file_system(*stage.first);
  stage.mount_from(*stage.first);
  Random random(2);
  Blocks blocks(stage.mounted() + "/blocks");
  for (int i = 0; i < 100; ++i) REQUIRE(blocks.write_one(random));
  blocks.let_go();

  const auto mounted = stage.first->demote();
  REQUIRE_FALSE(mounted);
  CHECK(mounted.error().message.find("it is in use; unmount it first") != std::string::npos);
  stage.unmount();
  must(stage.first->demote());
  must(stage.second->promote(2));
  stage.mount_from(*stage.second);
  blocks.open_again(stage.mounted() + "/blocks");
  CHECK(blocks.wrong() == 0);
  // An old term is refused for ever.
  const auto old = stage.first->promote(1);
  REQUIRE_FALSE(old);
  CHECK(old.error().message == "term 1 is over, term 2 is known");

  // The node dies with everything that is on it; the application's acknowledged writes do not.
  for (int i = 0; i < 100; ++i) REQUIRE(blocks.write_one(random));
  blocks.let_go();
  stage.second->kill();
  umount2(stage.mounted().c_str(), MNT_DETACH);
  must(stage.first->promote(3));
  stage.mount_from(*stage.first);
  blocks.open_again(stage.mounted() + "/blocks");
  CHECK(blocks.wrong() == 0);
}

std::uint64_t restarts_of(const MirrorNode& node) {
  return std::stoull(must(node.field("engine_restarts")));
}

// More on command (docs/testing.md).
int kills_wanted() {
  const char* wanted = std::getenv("MAINSTAY_MIRROR_KILLS");
  return wanted == nullptr ? 20 : std::atoi(wanted);
}

// Each writes to a file of its own, so that several requests are under way at a kill.
class Writers {
 public:
  static constexpr std::uint64_t count = 3;

  explicit Writers(const std::string& folder) {
    for (std::uint64_t number = 0; number < count; ++number) {
      files_.push_back(std::make_unique<Blocks>(fmt::format("{}/blocks{}", folder, number)));
    }
    go_on();
  }
  void go_on() {
    for (std::uint64_t number = 0; number < count; ++number) {
      threads_.emplace_back([this, number](const std::stop_token& stop) { write(stop, number); });
    }
  }
  void stop() { threads_.clear(); }
  void let_go() {
    for (const auto& file : files_) file->let_go();
  }
  void open_again(const std::string& folder) {
    for (std::uint64_t number = 0; number < count; ++number) {
      files_[number]->open_again(fmt::format("{}/blocks{}", folder, number));
    }
  }
  std::uint64_t wrong() const {
    std::uint64_t found = 0;
    for (const auto& file : files_) found += file->wrong();
    return found;
  }

  std::atomic<std::uint64_t> writes = 0;
  std::atomic<bool> failed = false;

 private:
  void write(const std::stop_token& stop, std::uint64_t number) {
    Random random(3 + number);
    while (!stop.stop_requested() && !failed) {
      if (!files_[number]->write_one(random)) failed = true;
      ++writes;
    }
  }
  std::vector<std::unique_ptr<Blocks>> files_;
  std::vector<std::jthread> threads_;
};

void kill_engine_again_and_again(Stage& stage, const Writers& writers, int times) {
  for (int kills = 0; kills < times && !writers.failed; ++kills) {
    const std::uint64_t before = writers.writes;
    const std::int64_t until = monotonic_ns() + patience.count();
    while (writers.writes < before + 20 && !writers.failed) {
      // A write that nobody answers any more can only end with an error.
      if (monotonic_ns() > until) stage.first->kill();
      REQUIRE(pause(2ms));
    }
    const std::uint64_t restarts = restarts_of(*stage.first);
    must(stage.first->kill_engine());
    while (restarts_of(*stage.first) == restarts) REQUIRE(pause(2ms));
  }
}

struct FileSystem {
  std::string name;
  std::uint64_t size = 0;
  std::vector<std::string> check;
};

void survive_kills(const FileSystem& fs) {
  Stage stage({.size = fs.size, .type = fs.name});
  stage.prepare_and_start();
  must(stage.first->promote(1));
  stage.make_file_system(*stage.first);
  stage.mount_from(*stage.first);
  Writers writers(stage.mounted());
  const int wanted = kills_wanted();
  kill_engine_again_and_again(stage, writers, wanted);
  writers.stop();
  CHECK_FALSE(writers.failed);
  CHECK(writers.writes >= 20 * static_cast<std::uint64_t>(wanted));
  CHECK(writers.wrong() == 0);
  writers.let_go();
  stage.unmount();
  std::vector<std::string> check = fs.check;
  check.push_back(stage.device_of(*stage.first));
  const auto checked = must(run({.argv = check}));
  CHECK_MESSAGE(checked.exit_code == 0, checked.out);
  stage.mount_from(*stage.first);
  writers.open_again(stage.mounted());
  CHECK(writers.wrong() == 0);
  writers.let_go();
  stage.unmount();
  must(stage.first->wait_for("peer.state", "up to date", patience));
  must(stage.first->demote());
  CHECK(stage.data_is_equal());
}

TEST_CASE("an engine that dies twenty times under writers on ext4 costs no error and no write") {
  survive_kills({.name = "ext4", .size = 64 * mebibyte, .check = {"fsck.ext4", "-fn"}});
}

TEST_CASE("an engine that dies twenty times under writers on xfs costs no error and no write") {
  // Its tools refuse a smaller one.
  survive_kills({.name = "xfs", .size = 320 * mebibyte, .check = {"xfs_repair", "-n"}});
}

// What is there may be anything.
void enlarge(const Stage& stage, std::size_t copy, std::uint64_t bytes, char content) {
  const std::string& path = copy == 0 ? stage.first->data() : stage.second->data();
  const auto* device = stage.devices.empty() ? nullptr : stage.devices[copy].get();
  std::ofstream out(device == nullptr ? path : device->file(), std::ios::binary | std::ios::app);
  out << std::string(bytes, content);
  REQUIRE(out.flush());
  if (device != nullptr) device->look_at_size();
}

std::string refused_to_resize(const Stage& stage) {
  const Status refused = stage.first->order(R"({"id":1,"do":"resize"})");
  REQUIRE_FALSE(refused);
  return refused.error().message;
}

void write_large_file(const std::string& path, std::uint64_t mebibytes) {
  std::ofstream out(path, std::ios::binary);
  for (std::uint64_t i = 0; i < mebibytes; ++i) out << std::string(mebibyte, static_cast<char>(i));
  REQUIRE(out.flush());
}

bool large_file_is_whole(const std::string& path, std::uint64_t mebibytes) {
  std::ifstream in(path, std::ios::binary);
  std::string part(mebibyte, 0);
  for (std::uint64_t i = 0; i < mebibytes; ++i) {
    in.read(part.data(), static_cast<std::streamsize>(part.size()));
    if (!in || part != std::string(mebibyte, static_cast<char>(i))) return false;
  }
  return true;
}

// The kernel grows an ext4 that is mounted only for whoever may exceed limits, which root in a
// container may not: there it is unmounted first.
void grow_file_system(const Stage& stage, Writers& writers) {
  const std::string device = stage.device_of(*stage.first);
  if (stage.type == "xfs") {
    must(output_of({.argv = {"xfs_growfs", stage.mounted()}}));
  } else if (prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1) {
    must(output_of({.argv = {"resize2fs", device}}));
  } else {
    writers.stop();
    writers.let_go();
    stage.unmount();
    must(output_of({.argv = {"fsck.ext4", "-fp", device}}));
    must(output_of({.argv = {"resize2fs", device}}));
    stage.mount_from(*stage.first);
    writers.open_again(stage.mounted());
    writers.go_on();
  }
}

// Both partitions are enlarged, and the file system is made to fill them, while it is written to.
void grow_under_writers(const Wanted& wanted, std::vector<std::string> check) {
  Stage stage(wanted);
  stage.prepare_and_start();
  must(stage.first->promote(1));
  stage.make_file_system(*stage.first);
  stage.mount_from(*stage.first);
  must(stage.first->wait_for("peer.state", "up to date", patience));
  Writers writers(stage.mounted());
  const std::uint64_t larger = 2 * wanted.size;
  const std::uint64_t large_file = wanted.size / mebibyte * 5 / 4;
  CHECK(refused_to_resize(stage).find("this node's data partition has") != std::string::npos);
  enlarge(stage, 0, wanted.size, '\x5a');
  CHECK(refused_to_resize(stage).find("the other node's data partition has") != std::string::npos);
  enlarge(stage, 1, wanted.size, '\xa5');
  must(stage.first->order(R"({"id":1,"do":"resize"})"));
  must(stage.first->wait_for("device_size", std::to_string(larger), patience));
  CHECK(must(stage.second->field("device_size")) == std::to_string(larger));
  CHECK(must(stage.first->field("peer.state")) == "up to date");
  CHECK(must(stage.first->field("dirty_bytes")) == "0");

  grow_file_system(stage, writers);
  write_large_file(stage.mounted() + "/large", large_file);
  // The next engine finds it as large.
  kill_engine_again_and_again(stage, writers, 2);
  must(stage.first->wait_for("device_size", std::to_string(larger), patience));
  writers.stop();
  CHECK_FALSE(writers.failed);
  CHECK(writers.wrong() == 0);
  writers.let_go();
  stage.unmount();
  check.push_back(stage.device_of(*stage.first));
  const auto checked = must(run({.argv = check}));
  CHECK_MESSAGE(checked.exit_code == 0, checked.out);
  must(stage.first->wait_for("peer.state", "up to date", patience));
  must(stage.first->demote());
  CHECK(stage.data_is_equal());

  must(stage.second->promote(2));
  stage.mount_from(*stage.second);
  writers.open_again(stage.mounted());
  CHECK(writers.wrong() == 0);
  CHECK(large_file_is_whole(stage.mounted() + "/large", large_file));
  writers.let_go();
  stage.unmount();
}

TEST_CASE("block devices that were enlarged are used whole under writers on ext4") {
  grow_under_writers({.block = true}, {"fsck.ext4", "-fn"});
}

TEST_CASE("files that were enlarged are used whole under writers on xfs") {
  grow_under_writers({.size = 320 * mebibyte, .type = "xfs"}, {"xfs_repair", "-n"});
}

TEST_CASE("by force a device is taken from whoever uses it, and the other node goes on") {
  Stage stage;
  stage.prepare_and_start();
  must(stage.first->promote(1));
  stage.make_file_system(*stage.first);
  stage.mount_from(*stage.first);
  must(stage.first->wait_for("peer.state", "up to date", patience));
  std::atomic<std::uint64_t> writes = 0;
  std::atomic<bool> failed = false;
  Random random(5);
  Blocks blocks(stage.mounted() + "/blocks");
  std::jthread writer([&] {
    while (blocks.write_one(random)) ++writes;
    failed = true;
  });
  while (writes < 20 && !failed) REQUIRE(pause(2ms));
  CHECK_FALSE(failed);
  must(stage.first->demote_by_force());
  writer.join();
  CHECK(must(stage.first->field("role")) == "secondary");
  CHECK_FALSE(std::filesystem::is_symlink(stage.first->device()));
  blocks.let_go();
  umount2(stage.mounted().c_str(), MNT_DETACH);
  must(stage.second->promote(2));
  stage.mount_from(*stage.second);
  blocks.open_again(stage.mounted() + "/blocks");
  CHECK(blocks.wrong() == 0);
  blocks.let_go();
  // A program that is told to end ends, mounted or not.
  CHECK(stage.second->stop() == 0);
  CHECK_FALSE(std::filesystem::exists(stage.second->socket()));
}

// What the arbiter would be, for one mirror.
class Record {
 public:
  explicit Record(const MirrorNode& node) : control_(must(node.control())) {
    must(control_.send(R"({"do":"serve_record"})"));
    must(control_.receive(patience));
  }
  // Answers one question; false: none came.
  bool serve_one(Duration wait) {
    const auto question = control_.receive(wait);
    if (!question) return false;
    questions.push_back(*question);
    const auto number = [&](const char* key) {
      const auto at = question->find(fmt::format("\"{}\":", key));
      REQUIRE(at != std::string::npos);
      return std::stoull(question->substr(at + std::strlen(key) + 3));
    };
    if (question->find("\"read\"") != std::string::npos) {
      must(control_.send(fmt::format(R"({{"answer":{},"ok":true,"version":{},"value":"{}"}})",
                                     number("ask"), version, value)));
      return true;
    }
    if (number("expected") != version) {
      must(control_.send(fmt::format(R"({{"answer":{},"outcome":"lost"}})", number("ask"))));
      return true;
    }
    const std::string key = "\"value\":\"";
    const auto at = question->find(key) + key.size();
    value = question->substr(at, question->find('"', at) - at);
    must(control_.send(
        fmt::format(R"({{"answer":{},"outcome":"done","version":{}}})", number("ask"), ++version)));
    return true;
  }

  std::uint64_t version = 0;
  std::string value;
  std::vector<std::string> questions;

 private:
  MirrorControl control_;
};

TEST_CASE("alone, nothing is acknowledged before the arbiter's record says so") {
  Stage stage({.record = true});
  stage.prepare_and_start();
  {
    Record record(*stage.first);
    std::jthread server([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) record.serve_one(50ms);
    });
    must(stage.first->promote(1));
    must(stage.first->wait_for("peer.state", "up to date", patience));
    stage.make_file_system(*stage.first);
    stage.mount_from(*stage.first);
    must(stage.first->wait_for("waiting_for_record", "false", patience));
  }
  stage.second->kill();
  std::atomic<bool> written = false;
  Random random(4);
  Blocks blocks(stage.mounted() + "/blocks");
  std::jthread writer([&] { written = blocks.write_one(random); });
  // Nobody answers for the record: the write waits.
  must(stage.first->wait_for("connected", "false", patience));
  REQUIRE(pause(1500ms));
  CHECK_FALSE(written);
  Record record(*stage.first);
  record.version = 17;                // what stands there was written by somebody else meanwhile
  record.value = "AQEAAAAAAAAAAQE=";  // version 1, term 1, both
  for (int asked = 0; asked < 20 && !written; ++asked) record.serve_one(1s);
  writer.join();
  CHECK(written);
  CHECK(record.version == 18);
  CHECK(record.value == "AgEAAAAAAAAAAQAAAAAAAAAAAA==");  // version 2, only the first copy
}

// Writes a block where there is no file system.
void write_block(const std::string& path, std::uint64_t block, char content) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  const std::string bytes(Blocks::size, content);
  const auto offset = static_cast<off_t>(block * Blocks::size);
  CHECK(pwrite(file, bytes.data(), bytes.size(), offset) == ssize_t{Blocks::size});
  CHECK(fsync(file) == 0);
  close(file);
}

TEST_CASE("a verify finds what has rotted on the other disk, and repairs it if it is to") {
  Stage stage;
  stage.prepare_and_start();
  must(stage.first->promote(1));
  must(stage.first->wait_for("peer.state", "up to date", patience));
  write_block(stage.second->data(), 100, 'r');
  write_block(stage.second->data(), 101, 'r');
  write_block(stage.second->data(), 1000, 'r');
  const auto compare = [&](const std::string& how) {
    must(stage.first->order(how));
    must(stage.first->wait_for("verify.running", "false", patience));
    CHECK(must(stage.first->field("verify.percent")) == "100");
    CHECK(must(stage.first->field("verify.unreadable_regions")) == "0");
    return must(stage.first->field("verify.differing_regions"));
  };
  // Two of the blocks are in one region.
  CHECK(compare(R"({"do":"verify"})") == "2");
  CHECK_FALSE(stage.data_is_equal());
  CHECK(compare(R"({"do":"repair"})") == "2");
  CHECK(compare(R"({"do":"verify"})") == "0");
  must(stage.first->demote());
  CHECK(stage.data_is_equal());
}

TEST_CASE("of two copies that both went on alone a person keeps one, and the other becomes equal") {
  Stage stage;
  stage.prepare_and_start();
  must(stage.first->promote(1));
  must(stage.first->wait_for("peer.state", "up to date", patience));
  stage.second->kill();
  write_block(Stage::device_of(*stage.first), 100, '1');
  stage.first->kill();
  must(stage.second->start());
  must(stage.second->promote(2));
  write_block(Stage::device_of(*stage.second), 200, '2');
  must(stage.first->start());
  must(stage.second->wait_for("standing", "refused", patience));
  CHECK(must(stage.second->field("peer.state")) == "diverged");
  CHECK(must(stage.first->field("own.state")) == "diverged");
  must(stage.second->order(R"({"do":"force"})"));
  must(stage.second->wait_for("peer.state", "up to date", patience));
  must(stage.second->demote());
  CHECK(stage.data_is_equal());
  CHECK(must(run({.argv = {"grep", "-q", std::string(Blocks::size, '2'), stage.first->data()}}))
            .exit_code == 0);
  CHECK(must(run({.argv = {"grep", "-q", std::string(Blocks::size, '1'), stage.first->data()}}))
            .exit_code != 0);
}

TEST_CASE("what is on a partition is named and kept") {
  Stage stage;
  must(output_of({.argv = {"mkfs.ext4", "-q", "-F", stage.second->data()}}));
  const auto refused = stage.second->prepare("target");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("the data partition holds ext4") != std::string::npos);
  must(stage.second->prepare("source"));
  const auto again = stage.second->prepare("source");
  REQUIRE_FALSE(again);
  CHECK(again.error().message.find("holds a mirror's cluster partition") != std::string::npos);
}

}  // namespace
}  // namespace mainstay::bench
