// DescribeVolumes.
#include "lab/ec2_shapes.h"

namespace mainstay::lab::ec2 {
namespace {

FilterFields<AttachedVolume> volume_fields() {
  return {
      {"volume-id", [](const AttachedVolume& v) { return Texts{v.id}; }},
      {"volume-type", [](const AttachedVolume&) { return Texts{"gp3"}; }},
      {"status", [](const AttachedVolume&) { return Texts{"in-use"}; }},
      {"size", [](const AttachedVolume& v) { return Texts{std::to_string(v.size_gib)}; }},
      {"encrypted", [](const AttachedVolume&) { return Texts{"false"}; }},
      {"availability-zone", [](const AttachedVolume& v) { return Texts{v.zone}; }},
      {"attachment.instance-id", [](const AttachedVolume& v) { return Texts{v.instance_id}; }},
      {"attachment.device", [](const AttachedVolume& v) { return Texts{v.device}; }},
      {"attachment.status", [](const AttachedVolume&) { return Texts{"attached"}; }},
      {"attachment.delete-on-termination", [](const AttachedVolume&) { return Texts{"false"}; }},
  };
}

void write_volume(Xml& xml, const AttachedVolume& volume) {
  const std::string created = utc_text(volume.created_ms);
  xml.leaf("volumeId", volume.id).leaf("size", std::to_string(volume.size_gib));
  xml.leaf("snapshotId", "").leaf("availabilityZone", volume.zone).leaf("status", "in-use");
  xml.leaf("createTime", created).leaf("volumeType", "gp3").leaf("iops", "3000");
  xml.leaf("throughput", "125").leaf("encrypted", "false").leaf("multiAttachEnabled", "false");
  xml.node("attachmentSet", [&] {
    xml.node("item", [&] {
      xml.leaf("volumeId", volume.id).leaf("instanceId", volume.instance_id);
      xml.leaf("device", volume.device).leaf("status", "attached").leaf("attachTime", created);
      xml.leaf("deleteOnTermination", "false");
    });
  });
}

}  // namespace

Ec2Outcome describe_volumes(const Ec2Input& input) {
  const auto volumes = chosen(
      input.query, input.model.volumes, {"VolumeId", "vol", "InvalidVolume", "volume"},
      [](const AttachedVolume& v) { return v.id; }, volume_fields());
  if (!volumes) return {std::unexpected(volumes.error())};
  Xml xml;
  xml.items("volumeSet", *volumes,
            [&](const AttachedVolume& volume) { write_volume(xml, volume); });
  return answer(xml);
}

}  // namespace mainstay::lab::ec2
