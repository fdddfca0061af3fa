// etcd that asks its clients for certificates, which the test makes with openssl.
#include <doctest/doctest.h>

#include <cstdlib>

#include "adapters/arbiter/etcd_test_world.h"

namespace mainstay::etcd {
namespace {

// Two authorities: etcd's own with a certificate for it and one for a client, and a stranger.
class Certificates {
 public:
  Certificates() {
    authority("ca");
    issued("server", "subjectAltName=IP:127.0.0.1");
    issued("client", "extendedKeyUsage=clientAuth");
    authority("stranger");
  }
  std::string file(const std::string& name) const { return folder_ / name; }
  HttpTls of_client() const {
    return {.ca_file = file("ca.pem"),
            .certificate_file = file("client.pem"),
            .key_file = file("client.key")};
  }

 private:
  void openssl(const std::string& arguments) const {
    const std::string command =
        fmt::format("cd '{}' && openssl {} >>openssl.log 2>&1", folder_ / "", arguments);
    REQUIRE_MESSAGE(std::system(command.c_str()) == 0, command);
  }
  void authority(const std::string& name) const {
    openssl(
        fmt::format("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                    "-subj /CN={0} -keyout {0}.key -out {0}.pem",
                    name));
  }
  void issued(const std::string& name, const std::string& extension) const {
    openssl(
        fmt::format("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={0} "
                    "-addext {1} -keyout {0}.key -out {0}.csr",
                    name, extension));
    openssl(
        fmt::format("x509 -req -in {0}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
                    "-copy_extensions copy -out {0}.pem",
                    name));
  }

  TestFolder folder_;
};

TEST_CASE("with certificates on both sides: the right ones are let in, and no others") {
  const Certificates certificates;
  Etcd etcd(1, "https",
            {"--cert-file=" + certificates.file("server.pem"),
             "--key-file=" + certificates.file("server.key"),
             "--trusted-ca-file=" + certificates.file("ca.pem"), "--client-cert-auth"});
  TestWorld world;
  REQUIRE_MESSAGE(world.ready(etcd[0].url(), certificates.of_client()), etcd.log());
  const auto client = [&](HttpTls tls) -> EtcdArbiter& {
    return world.client({.endpoints = etcd.urls(), .tls = std::move(tls)});
  };
  EtcdArbiter& trusted = client(certificates.of_client());
  const auto version = world.swap(trusted, "node/a", 0, "one");
  REQUIRE_MESSAGE(version, version.error().message);
  CHECK(world.read(trusted, "node/a")->version == *version);

  const auto without =
      world.read(client({.ca_file = certificates.file("ca.pem")}), "node/a", 300ms);
  REQUIRE_FALSE(without);
  CHECK(without.error().code == Code::unavailable);
  HttpTls tls = certificates.of_client();
  tls.ca_file = certificates.file("stranger.pem");
  const auto mistrusting = world.read(client(tls), "node/a", 300ms);
  REQUIRE_FALSE(mistrusting);
  CHECK(mistrusting.error().code == Code::unavailable);
  CHECK(mistrusting.error().message.find("certificate") != std::string::npos);
}

}  // namespace
}  // namespace mainstay::etcd
