// What a mirror disk says of itself.
#include <fmt/format.h>

#include "resources/md.h"

namespace mainstay::md {
namespace {

std::vector<Field> disk_fields() {
  return {
      field(&Config::data_partition, "data_partition")
          .label("Data partition")
          .help("The partition whose contents are mirrored, of the same size on both nodes.")
          .required()
          .per_node()
          .format(TextFormat::path),
      field(&Config::cluster_partition, "cluster_partition")
          .label("Cluster partition")
          .help("A raw partition for the mirror's own notes: 1 MiB, and 2 MiB for each terabyte.")
          .required()
          .per_node()
          .format(TextFormat::path),
      field(&Config::mirror_addresses, "mirror_addresses")
          .label("Mirror disk connect")
          .help("The node's addresses for the mirror's traffic, best first, as many on each node; "
                "those of the paths if left out.")
          .per_node()
          .format(TextFormat::ip),
      field(&Config::port, "port")
          .label("Port")
          .help("TCP port of the mirror's traffic; another one for each mirror.")
          .unique()
          .range(1, 65535),
      field(&Config::resync_limit, "resync_limit")
          .label("Upper bound of recovery's communication")
          .help("MiB a second that a recovery, or a comparison, may take; 0: as much as it can "
                "without making the application's slowest writes twice as slow.")
          .range(0, 1'000'000),
      field(&Config::resync_by_checksum, "resync_by_checksum")
          .label("Recover by checksum")
          .help("Compare each region before it is sent: where the network is slower than the "
                "disks."),
  };
}

std::vector<Field> mount_fields() {
  return {
      choice<Config, FileSystem>(
          &Config::file_system, "file_system",
          {{"ext4", FileSystem::ext4}, {"xfs", FileSystem::xfs}, {"none", FileSystem::none}})
          .label("File system")
          .help("What is on the data partition. `none`: the device itself is used, and nothing is "
                "mounted."),
      field(&Config::mount_point, "mount_point")
          .label("Mount point")
          .help("Where it is mounted on the node that runs the group; the directory is there.")
          .unique()
          .format(TextFormat::path),
      field(&Config::mount_options, "mount_options")
          .label("Mount options")
          .help("As `mount -o` takes them."),
      field(&Config::mount_timeout, "mount_timeout")
          .label("Mount timeout")
          .help("After which one try to mount has failed; all of them end by `activate_timeout`.")
          .range(1s, 999s),
      field(&Config::mount_retries, "mount_retries")
          .label("Mount retries")
          .help("How often mounting is tried again, before anything is repaired.")
          .range(0, 999),
      choice<Config, Fsck>(
          &Config::fsck, "fsck",
          {{"automatic", Fsck::automatic}, {"always", Fsck::always}, {"never", Fsck::never}})
          .label("Check before mounting")
          .help("ext4: `automatic` replays its journal and checks what it asks to be checked, "
                "`always` checks everything, which takes its time. xfs checks itself."),
      field(&Config::fsck_options, "fsck_options")
          .label("Options of the check")
          .help("ext4: of a check of everything, besides `-f`."),
      field(&Config::fsck_timeout, "fsck_timeout")
          .label("Timeout of the check")
          .help("After which a check or a repair has failed. `activate_timeout`, which ends it, "
                "too, must be longer than a whole check takes.")
          .range(1s, 9999s),
      field(&Config::repair, "repair")
          .label("Repair")
          .help("A file system that cannot be mounted is repaired (`e2fsck -f -y`, `xfs_repair`) "
                "and mounted again."),
      field(&Config::xfs_repair_options, "xfs_repair_options")
          .label("Options of xfs_repair")
          .help("xfs: of a repair."),
      choice<Config, Unmount>(&Config::unmount_action, "unmount_action",
                              {{"kill", Unmount::kill}, {"none", Unmount::ask_only}})
          .label("Forced operation")
          .help("`kill`: processes that still use the mount point are ended, then killed."),
      field(&Config::unmount_timeout, "unmount_timeout")
          .label("Unmount timeout")
          .help("After which one try to unmount has failed; all of them end within two thirds of "
                "`deactivate_timeout`.")
          .range(1s, 999s),
      field(&Config::unmount_retries, "unmount_retries")
          .label("Unmount retries")
          .help("How often unmounting is tried again.")
          .range(0, 999),
      field(&Config::unmount_interval, "unmount_interval")
          .label("Unmount interval")
          .help("The pause between two tries.")
          .range(0s, 999s),
  };
}

std::vector<Field> fields() {
  std::vector<Field> all = disk_fields();
  for (Field& field : mount_fields()) all.push_back(std::move(field));
  return all;
}

std::vector<KnownProblem> problems() {
  return {
      {number_not_latest, "The copy on this node cannot be used.",
       "It is not known to be the latest: it is outdated, or its recovery has not ended; or the "
       "arbiter, which knows which copy is the latest, does not answer.",
       "The group starts on the node that has the latest copy. If that node is lost for good, see "
       "`mainstay mirror force`."},
      {number_no_engine, "The engine of the mirror does not answer.",
       "`mainstay-mirrord` could not be started or has ended.",
       "Read mainstayd's log: it quotes why. Check the partitions' names, and that "
       "`mainstay mirror create` was run."},
      {number_timeout, "Timeout occurred.",
       "A disk, the other node or the arbiter did not answer, or the file system's check took "
       "longer than `activate_timeout`.",
       "See `mainstay mirror status`. Make `activate_timeout` longer than a check takes."},
      {number_device, "The device of the mirror does not appear.",
       "The engine could not make its block device.",
       "Read mainstayd's log; check that the node's kernel has FUSE and loop devices."},
      {number_fsck, "The file system is damaged.",
       "The check found what it does not repair by itself.",
       "Run the check by hand on the node with the latest copy, or restore a backup."},
      {number_mount, "The mirror disk could not be mounted.",
       "There is no file system yet, it is of another kind, the directory does not exist, or "
       "something else is mounted there.",
       "Read what `mount` said. A new mirror needs `mkfs` once, on the mirror's device."},
      {number_unmount, "The mirror disk could not be unmounted.",
       "Processes still use it, and `unmount_action` is \"none\" or they cannot be killed.",
       "End the processes that are named; stop what starts them by another resource of the group."},
  };
}

std::vector<KnownProblem> check_problems() {
  return {
      {number_no_engine, "The engine of the mirror does not run.",
       "`mainstay-mirrord` ended and could not be started again.",
       "Read mainstayd's log: it quotes why."},
      {number_timeout, "Timeout occurred.", "The engine is busy with a disk that hangs.",
       "See the kernel's log. Shown as 106 while `on_unknown` is \"warn\"."},
      {number_device, "The disk of this copy failed.",
       "Reading or writing the data partition or the cluster partition failed.",
       "Replace the disk; the other node has the data."},
      {number_not_primary, "This copy is not the primary.",
       "The engine was restarted, or the other node has gone on with its copy.",
       "It is put right by itself, or the group moves. See `mainstay why GROUP`."},
      {number_not_mounted, "The mirror disk is not mounted.",
       "Somebody unmounted it, or mounted something over it.", "Leave mounting to the cluster."},
      {number_read_only, "The file system can only be read.",
       "ext4 met an error and stopped writing.", "Read the kernel's log, and check the disk."},
  };
}

CheckSchema check_schema() {
  CheckSchema check;
  check.type = "mdw";
  check.title = "Mirror disk monitor";
  check.summary =
      "Watches the copy that is in use, its device and its mount. Added by itself with every `md`.";
  check.interval = 10s;
  check.timeout = 60s;
  check.retries = 1;
  check.problems = check_problems();
  return check;
}

std::vector<Contradiction> laws(const Params& params) {
  std::vector<Contradiction> found;
  const auto text = [&params](const char* key) { return std::get<std::string>(params.at(key)); };
  const bool mounts = text("file_system") != "none";
  if (mounts && text("mount_point").empty()) {
    found.push_back({"mount_point", "a file system needs a place to be mounted",
                     "Give a directory, or set file_system = \"none\"."});
  }
  if (!mounts && !text("mount_point").empty()) {
    found.push_back({"mount_point", "nothing is mounted with file_system = \"none\"",
                     "Take it away, or name the file system."});
  }
  if (text("data_partition") == text("cluster_partition")) {
    found.push_back({"cluster_partition", "it is the data partition",
                     "Give the mirror's notes a partition of their own."});
  }
  return found;
}

std::string notes() {
  return "Two nodes have a mirror's copies: the failover policy of its group names these two, also "
         "in a cluster of more. With every `md` comes a monitor [mdnw](mdnw.md) on both, unless "
         "the document has one for it. Prepare the partitions with `mainstay mirror create` on "
         "each; what they have after they were enlarged is used after `mainstay mirror resize`. "
         "See "
         "[mirror.md](../mirror.md).\n\n"
         "A group whose copy is not known to be the latest does not start: it is placed where the "
         "latest copy is. An arbiter remembers which copy that is, even if both nodes are gone; "
         "without one, a node that goes on alone is believed when it is back.\n";
}

}  // namespace

TypeSchema schema() {
  TypeSchema schema;
  schema.type = "md";
  schema.title = "Mirror disk";
  schema.summary =
      "Keeps the group's data on a disk of each of two nodes: every write goes to both before it "
      "is acknowledged.";
  schema.fields = fields();
  schema.problems = problems();
  schema.check = check_schema();
  schema.companions = {{.type = "mdnw", .key = "mirror"}};
  schema.nodes_exactly = 2;
  schema.laws = laws;
  schema.notes = notes();
  schema.example =
      "[[resource]]\n"
      "name = \"md1\"\n"
      "type = \"md\"\n"
      "group = \"failover1\"\n"
      "data_partition = \"/dev/nvme1n1p2\"\n"
      "cluster_partition = \"/dev/nvme1n1p1\"\n"
      "mount_point = \"/mnt/md1\"\n";
  return schema;
}

}  // namespace mainstay::md
