// Volumes as an instance has them: real block devices that outlive it, and what a power cut does to
// them.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "lab/e2e/fixture.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

constexpr const char* layout = R"({
  "vpc": "10.0.0.0/16", "zones": ["ap-northeast-1a"],
  "route_tables": [{"name": "Public",
                    "routes": [{"destination": "0.0.0.0/0", "target": "internet"}]}],
  "subnets": [{"name": "Subnet", "zone": "ap-northeast-1a", "cidr": "10.0.10.0/24",
               "route_table": "Public"}],
  "roles": [{"name": "ha-node"}],
  "instances": [{"name": "server1", "subnet": "Subnet", "address": "10.0.10.10",
                 "elastic_ip": "198.51.100.11", "role": "ha-node",
                 "volumes": [{"device": "/dev/sdf", "size_mib": 64},
                             {"device": "/dev/sdg", "size_mib": 1500}]}]
})";

bool left_out() {
  if (::geteuid() == 0) return false;
  MESSAGE("left out: volumes need root");
  return true;
}

Lab make_lab() {
  auto lab = Lab::up({.layout = layout});
  REQUIRE_MESSAGE(lab.has_value(), (lab ? "" : lab.error().message));
  return std::move(*lab);
}

std::string sh(const Lab& lab, const std::string& script) {
  const auto ran = run(lab, "server1", {"sh", "-c", script});
  CHECK_MESSAGE(ran.code == 0, fmt::format("{}: {}", script, ran.err));
  return ran.out;
}

// As many sectors with this letter, begun at that one, past all caches of the instance's kernel.
std::string write_sectors(char letter, int first, int count, const char* how = "") {
  return fmt::format(
      "head -c {} /dev/zero | tr '\\0' {} | dd of=/dev/sdf bs=512 seek={} oflag=direct "
      "iflag=fullblock {} status=none",
      512 * count, letter, first, how);
}

int count_sectors(const Lab& lab, char letter) {
  const std::string text = sh(lab, "dd if=/dev/sdf bs=1M iflag=direct status=none | tr -d '\\0'");
  return static_cast<int>(std::ranges::count(text, letter)) / 512;
}

}  // namespace

TEST_CASE("a volume's file system is there again after a kill, a stop and a reboot") {
  if (left_out()) return;
  const Lab lab = make_lab();
  sh(lab,
     "mkfs.ext4 -q /dev/sdf && mkdir -p /var/lib/data && mount /dev/nvme1n1 /var/lib/data && "
     "echo one > /var/lib/data/one && sync /var/lib/data/one && "
     "echo forgotten > /var/lib/data/forgotten");
  fault(lab, "kill server1");
  CHECK(value_of(lab, "instances/server1/volumes").find("\"loop\":-1") != std::string::npos);
  fault(lab, "start server1");
  CHECK(sh(lab, "mount /dev/sdf /var/lib/data && cat /var/lib/data/one") == "one\n");
  // Nobody had asked for it to be durable, and the power went at once.
  CHECK(run(lab, "server1", {"cat", "/var/lib/data/forgotten"}).code != 0);
  sh(lab, "echo two > /var/lib/data/two");
  fault(lab, "stop server1");
  fault(lab, "start server1");
  CHECK(sh(lab, "mount /dev/sdf /var/lib/data && cat /var/lib/data/one /var/lib/data/two") ==
        "one\ntwo\n");
  sh(lab, "umount /var/lib/data && e2fsck -fn /dev/sdf");
  fault(lab, "reboot server1 --hard");
  CHECK(sh(lab, "mount /dev/sdf /var/lib/data && cat /var/lib/data/two") == "two\n");
}

TEST_CASE("an instance finds its volumes by the names of a Nitro instance, and AWS knows them") {
  if (left_out()) return;
  const Lab lab = make_lab();
  CHECK(sh(lab, "blockdev --getsize64 /dev/nvme1n1 /dev/nvme2n1") == "67108864\n1572864000\n");
  CHECK(sh(lab, "readlink /dev/sdf /dev/sdg") == "/dev/nvme1n1\n/dev/nvme2n1\n");
  const auto described =
      aws(lab, "server1",
          "ec2 describe-volumes --filters Name=attachment.device,Values=/dev/sdg --output text "
          "--query Volumes[].[VolumeId,Size,State,Attachments[0].Device]");
  REQUIRE_MESSAGE(described.code == 0, described.err);
  const std::string id = described.out.substr(0, described.out.find('\t'));
  CHECK(described.out == id + "\t2\tin-use\t/dev/sdg\n");
  const std::string serial = id.substr(0, 3) + id.substr(4);
  CHECK(sh(lab, "readlink /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_" + serial) ==
        "/dev/nvme2n1\n");
  const auto mapped =
      aws(lab, "server1",
          "ec2 describe-instances --output text --query "
          "Reservations[].Instances[].BlockDeviceMappings[].[DeviceName,Ebs.VolumeId]");
  CHECK(mapped.out.find("/dev/sdg\t" + id) != std::string::npos);
}

TEST_CASE("of a lost cache a kill leaves what was flushed, and the rest by chance") {
  if (left_out()) return;
  const Lab lab = make_lab();
  fault(lab, "volume server1/sdf lose-cache --seed 3");
  sh(lab, write_sectors('a', 0, 400, "conv=fsync"));
  sh(lab, write_sectors('b', 1000, 400));
  CHECK(count_sectors(lab, 'b') == 400);
  fault(lab, "kill server1");
  fault(lab, "start server1");
  CHECK(count_sectors(lab, 'a') == 400);
  const int kept = count_sectors(lab, 'b');
  CHECK(kept > 140);
  CHECK(kept < 260);
  const auto events = lab.events_json();
  REQUIRE(events);
  CHECK(events->find(fmt::format("of 400 sectors that were not flushed, {} are lost",
                                 400 - kept)) != std::string::npos);
}

TEST_CASE("a cache that would be lost is kept when the instance stops in order") {
  if (left_out()) return;
  const Lab lab = make_lab();
  fault(lab, "volume server1 lose-cache --rate 100%");
  sh(lab, write_sectors('b', 1000, 400));
  fault(lab, "stop server1");
  fault(lab, "start server1");
  CHECK(count_sectors(lab, 'b') == 400);
  sh(lab, write_sectors('c', 1000, 400));
  fault(lab, "kill server1");
  fault(lab, "start server1");
  CHECK(count_sectors(lab, 'b') == 400);
}

TEST_CASE("a write that waits for its answer at a kill lands in part") {
  if (left_out()) return;
  const Lab lab = make_lab();
  fault(lab, "volume server1/nvme1n1 latency 60s --operation write");
  fault(lab, "volume server1/nvme1n1 tear");
  const auto started = lab.start("server1", {"sh", "-c",
                                             "head -c 131072 /dev/zero | tr '\\0' t | dd "
                                             "of=/dev/sdf bs=128k iflag=fullblock oflag=direct"});
  REQUIRE(started);
  // The kernel says how many of its requests are under way.
  CHECK(becomes_true(5s, [&] {
    return sh(lab, "cat /sys/dev/block/7:$(printf %d 0x$(stat -c %T /dev/nvme1n1))/inflight")
               .find_first_of("123456789") != std::string::npos;
  }));
  fault(lab, "kill server1");
  fault(lab, "volume server1 heal");
  fault(lab, "start server1");
  const int landed = count_sectors(lab, 't');
  CHECK(landed > 64);
  CHECK(landed < 192);
}

TEST_CASE("errors and latency of a volume are those that were asked for, and end") {
  if (left_out()) return;
  const Lab lab = make_lab();
  const std::string read = "dd if=/dev/sdf of=/dev/null bs=4k count=1 iflag=direct status=none";
  fault(lab, "volume server1/sdf errors --operation read");
  CHECK(run(lab, "server1", {"sh", "-c", read}).err.find("Input/output error") !=
        std::string::npos);
  sh(lab, write_sectors('w', 0, 8));
  fault(lab, "volume server1/sdf heal");
  sh(lab, read);
  fault(lab, "volume server1/sdf latency 300ms --operation read");
  const auto begun = std::chrono::steady_clock::now();
  sh(lab, read);
  CHECK(std::chrono::steady_clock::now() - begun > 300ms);
  fault(lab, "clear");
  CHECK(value_of(lab, "instances/server1/volumes").find("latency") == std::string::npos);
  CHECK_FALSE(lab.fault("volume server1/sdz heal"));
  CHECK_FALSE(lab.fault("volume server1 rot"));
}
