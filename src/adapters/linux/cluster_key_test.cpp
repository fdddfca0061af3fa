// The cluster's key: its text, its file, and the files that are refused.
#include "adapters/linux/cluster_key.h"

#include <doctest/doctest.h>

#include "adapters/linux/test_support.h"

namespace mainstay::adapters {
namespace {

namespace fs = std::filesystem;

const std::string hex_key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string base64_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fs::path key_file(const TemporaryDirectory& directory, const std::string& text, fs::perms mode) {
  const fs::path file = directory.path() / "cluster.key";
  write_text(file, text);
  fs::permissions(file, mode);
  return file;
}

constexpr auto private_mode = fs::perms::owner_read | fs::perms::owner_write;

TEST_CASE("a generated key is read back, and no two are the same") {
  const TemporaryDirectory directory;
  const std::string text = generate_key();
  CHECK(text != generate_key());
  const auto key = load_key(key_file(directory, text, private_mode));
  REQUIRE(key);
  CHECK(*key == parse_key(text).value());
}

TEST_CASE("base64 and hexadecimal give the same key") {
  const auto key = parse_key(hex_key);
  REQUIRE(key);
  CHECK(key->bytes[31] == 31);
  CHECK(*key == parse_key(" " + base64_key + "\r\n").value());
}

TEST_CASE("what is not a key is refused") {
  for (const std::string& text :
       {std::string(), base64_key.substr(1), base64_key + "A", hex_key + "00", hex_key.substr(2),
        "zz" + hex_key.substr(2), std::string("secret"), std::string(5000, 'A')}) {
    CHECK_MESSAGE(!parse_key(text), text);
  }
}

TEST_CASE("a key file that others may read is refused with the remedy") {
  const TemporaryDirectory directory;
  const auto key = load_key(key_file(directory, base64_key, private_mode | fs::perms::group_read));
  REQUIRE_FALSE(key);
  CHECK(key.error().code == Code::denied);
  CHECK(key.error().message.find("its mode is 640") != std::string::npos);
  CHECK(key.error().message.find("chmod 600") != std::string::npos);
}

TEST_CASE("a missing key file names the command that makes one") {
  const auto key = load_key("/nowhere/cluster.key");
  REQUIRE_FALSE(key);
  CHECK(key.error().code == Code::not_found);
  CHECK(key.error().message.find("mainstay keygen") != std::string::npos);
}

TEST_CASE("a directory or a pipe is not a key file, and reading one does not hang") {
  const TemporaryDirectory directory;
  CHECK_FALSE(load_key(directory.path()));
  const fs::path pipe = directory.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_FALSE(load_key(pipe));
}

TEST_CASE("a wrong key file says which file and why") {
  const TemporaryDirectory directory;
  const auto key = load_key(key_file(directory, "hello\n", private_mode));
  REQUIRE_FALSE(key);
  CHECK(key.error().message.find("cluster.key: it holds 5 characters") != std::string::npos);
}

}  // namespace
}  // namespace mainstay::adapters
