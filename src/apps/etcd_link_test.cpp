#include "apps/etcd_link.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "adapters/aws/test_world.h"
#include "api/test_directory.h"

using namespace mainstay;
using namespace mainstay::apps;

namespace {

struct Site {
  api::TestDirectory directory;
  aws::ManualClock clock;
  aws::ScriptedHttp http{clock};
  ClusterConfig config;

  Site() {
    directory.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
    directory.write("password", "a secret\n");
    std::filesystem::permissions(directory / "password", std::filesystem::perms::owner_read);
    config.name = "shop";
    EtcdConfig& etcd = config.arbitration.arbiter.etcd;
    etcd.endpoints = {"https://one:2379"};
    etcd.ca_file = directory / "ca.pem";
    etcd.user = "mainstay";
    etcd.password_file = directory / "password";
    etcd.prefix = "/ha";
  }
  EtcdConfig& etcd() { return config.arbitration.arbiter.etcd; }
  std::string refusal() {
    const auto linked = link_etcd(config, clock, http.sender());
    return linked ? "" : linked.error().message;
  }
};

}  // namespace

TEST_CASE("etcd is asked as the configuration says") {
  Site site;
  auto linked = link_etcd(site.config, site.clock, site.http.sender());
  REQUIRE_MESSAGE(linked, linked.error().message);
  site.http.answers(200, R"({"token":"t"})");
  site.http.answers(403, R"({"error":"etcdserver: permission denied","code":7})");
  const auto read = aws::run(site.clock, (*linked)->read("node/a", Call(site.clock.now() + 1s)));
  CHECK(read.error().message.find("etcd https://one:2379, record /ha/shop/node/a: the user "
                                  "mainstay has no permission") == 0);
  REQUIRE(site.http.seen.size() == 2);
  CHECK(site.http.seen[0].request.body == R"({"name":"mainstay","password":"a secret"})");
  CHECK(site.http.seen[1].request.tls == HttpTls{.ca_file = site.etcd().ca_file});
}

TEST_CASE("a file that cannot be used is named at start, with what it is for") {
  Site site;
  CHECK(site.refusal().empty());
  site.etcd().cert_file = site.directory / "none.pem";
  CHECK(site.refusal() == fmt::format("arbitration, etcd: cert_file: {}: No such file or directory",
                                      site.etcd().cert_file));
  site.etcd().cert_file.clear();
  site.directory.write("ca.pem", "certificate");
  CHECK(site.refusal() == fmt::format("arbitration, etcd: ca_file: {} holds nothing in PEM form "
                                      "('-----BEGIN')",
                                      site.etcd().ca_file));
  site.etcd().ca_file.clear();
  std::filesystem::permissions(site.etcd().password_file, std::filesystem::perms(0644));
  CHECK(site.refusal().find("password: others than its owner can use it") != std::string::npos);
  site.directory.write("password", "\n");
  std::filesystem::permissions(site.etcd().password_file, std::filesystem::perms(0600));
  CHECK(site.refusal().find("password is empty") != std::string::npos);
}
