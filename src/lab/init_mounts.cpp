// The files an instance sees: the machine's own, read-only, with its own /etc, /var, /root, /run,
// /tmp, /dev, /proc.
//
// Nothing an instance does may reach the machine: its root is read-only as a whole, it has no
// watchdog, no disk and no sysrq-trigger but one of its own, and the kernel's settings are
// read-only but for those of its own network.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "lab/files.h"
#include "lab/init.h"

namespace mainstay::lab {
namespace {

namespace fs = std::filesystem;

// Directories of the machine an instance must not share. Their content is kept in DIR/disk, over
// reboots.
constexpr std::array own_directories = {"/root", "/var/lib", "/var/log", "/var/tmp"};
constexpr std::array devices = {"null", "zero", "full",    "random",      "urandom",
                                "tty",  "fuse", "net/tun", "loop-control"};
// Loop devices are the machine's, numbered as its kernel finds them free: an instance can use those
// that it attaches something to.
constexpr unsigned loop_devices_max = 64;
constexpr unsigned loop_major = 7;

Status mount_at(const char* what, const std::string& where, const char* type, unsigned long flags,
                const std::string& options = {}) {
  if (::mount(what, where.c_str(), type, flags, options.empty() ? nullptr : options.c_str()) != 0) {
    return system_failure(fmt::format("mount {} at {}", what, where));
  }
  return {};
}

// A piece of the tree, held so that it can be put somewhere after its own place has been covered.
Result<Fd> pick_up(const std::string& path) {
  Fd tree(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path.c_str(),
                                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE)));
  if (!tree) return system_failure("pick up " + path);
  return tree;
}

Status put_down(const Fd& tree, const std::string& where) {
  if (::syscall(SYS_move_mount, tree.number(), "", AT_FDCWD, where.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return system_failure("mount at " + where);
  }
  return {};
}

Status set_read_only(const std::string& where, bool read_only, bool recursive) {
  mount_attr attributes{};
  (read_only ? attributes.attr_set : attributes.attr_clr) = MOUNT_ATTR_RDONLY;
  const unsigned flags = recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, where.c_str(), flags, &attributes,
                sizeof(attributes)) != 0) {
    return system_failure(fmt::format("make {} {}", where, read_only ? "read-only" : "writable"));
  }
  return {};
}

// What comes from the machine to a place in the instance.
struct Kept {
  std::string place;
  Fd tree;
};

struct World {
  const InitSpec& spec;
  std::vector<std::string> writable = {};  // mount points that stay writable

  Status overlay_etc();
  Status own_disks();
  Status empty_places();
  Status make_devices();
  Status make_volumes() const;
  Status kernel_views();
  Status bring_back(const std::vector<Kept>& kept);
};

Status World::overlay_etc() {
  const std::string disk = spec.directory + "/disk";
  const std::string options =
      fmt::format("lowerdir=/etc,upperdir={0}/etc,workdir={0}/.etc-work", disk);
  writable.push_back("/etc");
  if (mount_at("overlay", "/etc", "overlay", 0, options)) return {};
  // No overlay on this file system: a copy, with the instance's own files over it.
  const std::string copy = disk + "/.etc-copy";
  std::error_code
      ignored;  // Files that only root may read stay behind when the lab runs without root.
  if (!fs::exists(copy)) {
    fs::create_directories(copy, ignored);
    const auto how = fs::copy_options::recursive | fs::copy_options::copy_symlinks;
    for (const auto& entry : fs::directory_iterator("/etc", ignored)) {
      fs::copy(entry.path(), fs::path(copy) / entry.path().filename(), how, ignored);
    }
    fs::copy(disk + "/etc", copy, how | fs::copy_options::overwrite_existing, ignored);
  }
  return mount_at(copy.c_str(), "/etc", nullptr, MS_BIND);
}

Status World::own_disks() {
  for (const char* place : own_directories) {
    const std::string source = spec.directory + "/disk" + place;
    if (auto made = make_directories(source); !made) return made;
    if (!fs::exists(place)) continue;
    if (auto done = mount_at(source.c_str(), place, nullptr, MS_BIND); !done) return done;
    writable.emplace_back(place);
  }
  return {};
}

Status World::empty_places() {
  for (const char* place : {"/run", "/tmp"}) {
    const char* mode = std::string_view(place) == "/tmp" ? "mode=1777" : "mode=755";
    if (auto done = mount_at("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, mode); !done)
      return done;
    writable.emplace_back(place);
  }
  for (const char* inner : {"/run/lock", "/run/user"}) ::mkdir(inner, 0755);
  return write_file(sysrq_file, "");
}

Status World::make_devices() {
  std::vector<std::pair<std::string, Fd>> kept;
  for (const char* name : devices) {
    const std::string path = std::string("/dev/") + name;
    if (!fs::exists(path)) continue;
    auto tree = pick_up(path);
    if (!tree) return std::unexpected(tree.error());
    kept.emplace_back(path, std::move(*tree));
  }
  if (auto done = mount_at("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755"); !done) return done;
  writable.emplace_back("/dev");
  for (const char* inner : {"/dev/net", "/dev/pts", "/dev/shm"}) ::mkdir(inner, 0755);
  for (const auto& [path, tree] : kept) {
    if (auto made = write_file(path, ""); !made) return made;
    if (auto done = put_down(tree, path); !done) return done;
    writable.push_back(path);
  }
  // Without root there are none.
  for (unsigned i = 0; i < loop_devices_max; ++i) {
    (void)::mknod(fmt::format("/dev/loop{}", i).c_str(), S_IFBLK | 0600, makedev(loop_major, i));
  }
  std::error_code ignored;  // A missing link shows itself to whoever needs it.
  fs::create_symlink("/proc/self/fd", "/dev/fd", ignored);
  fs::create_symlink("/proc/self/fd/0", "/dev/stdin", ignored);
  fs::create_symlink("/proc/self/fd/1", "/dev/stdout", ignored);
  fs::create_symlink("/proc/self/fd/2", "/dev/stderr", ignored);
  fs::create_symlink("pts/ptmx", "/dev/ptmx", ignored);
  if (auto done = mount_at("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
      !done) {
    return done;
  }
  if (mount_at("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
               "newinstance,ptmxmode=0666")) {
    writable.emplace_back("/dev/pts");
  }
  writable.emplace_back("/dev/shm");
  return {};
}

// By the names that a Nitro instance's udev gives them.
Status World::make_volumes() const {
  const std::string by_id = "/dev/disk/by-id";
  std::error_code problem;
  if (!spec.volumes.empty()) fs::create_directories(by_id, problem);
  for (const InitVolume& volume : spec.volumes) {
    const std::string node = "/dev/" + volume.name;
    if (::mknod(node.c_str(), S_IFBLK | 0660,
                makedev(loop_major, static_cast<unsigned>(volume.loop))) != 0) {
      return system_failure("make " + node);
    }
    std::string serial = volume.id;
    std::erase(serial, '-');
    for (const std::string& link :
         {volume.device, by_id + "/nvme-Amazon_Elastic_Block_Store_" + serial}) {
      if (link != node) fs::create_symlink(node, link, problem);
      if (problem) return failure(Code::unavailable, link + ": " + problem.message());
    }
  }
  return {};
}

Status World::kernel_views() {
  if (auto done = mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC); !done) {
    return done;
  }
  writable.emplace_back("/proc");
  for (const char* place : {"/proc/sys", "/proc/sys/net"}) {
    if (auto done = mount_at(place, place, nullptr, MS_BIND); !done) return done;
  }
  writable.emplace_back("/proc/sys/net");
  if (fs::exists("/proc/sysrq-trigger")) {
    auto done = mount_at(sysrq_file, "/proc/sysrq-trigger", nullptr, MS_BIND);
    if (!done) return done;
    writable.emplace_back("/proc/sysrq-trigger");
  }
  // Without root the kernel may refuse these two; the instance then sees the machine's own,
  // read-only.
  if (mount_at("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC) &&
      mount_at("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC)) {
    writable.emplace_back("/sys/fs/cgroup");
  }
  return {};
}

Status World::bring_back(const std::vector<Kept>& kept) {
  for (const Kept& one : kept) {
    const bool file = one.place == clock_file;
    if (auto made = file ? write_file(one.place, "") : make_directories(one.place); !made)
      return made;
    if (auto done = put_down(one.tree, one.place); !done) return done;
    writable.push_back(one.place);
  }
  return {};
}

}  // namespace

Status make_file_system(const InitSpec& spec) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return system_failure("make the mounts private");
  }
  std::vector<std::pair<std::string, std::string>> wanted = {{spec.shared, "/run/lab"}};
  if (!spec.clock.empty()) wanted.emplace_back(spec.clock, clock_file);
  for (const std::string& bind : spec.binds) wanted.emplace_back(bind, bind);
  std::vector<Kept> kept;
  for (const auto& [path, place] : wanted) {
    auto tree = pick_up(path);
    if (!tree) return std::unexpected(tree.error());
    kept.push_back({place, std::move(*tree)});
  }
  World world{spec};
  if (auto done = world.overlay_etc(); !done) return done;
  if (auto done = world.own_disks(); !done) return done;
  if (auto done = world.empty_places(); !done) return done;
  if (auto done = world.make_devices(); !done) return done;
  if (auto done = world.make_volumes(); !done) return done;
  if (auto done = world.kernel_views(); !done) return done;
  if (auto done = world.bring_back(kept); !done) return done;
  if (auto done = set_read_only("/", true, true); !done) return done;
  for (const std::string& place : world.writable) {
    if (auto done = set_read_only(place, false, false); !done) return done;
  }
  return {};
}

}  // namespace mainstay::lab
