// The cluster's key.
#include "adapters/linux/cluster_key.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "adapters/linux/errno_text.h"
#include "adapters/linux/seal.h"
#include "base/check.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

constexpr std::size_t key_file_size_max = 4096;
constexpr const char* blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool decode_hex(std::string_view text, ClusterKey& key) {
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_hex2bin(key.bytes.data(), key.bytes.size(), text.data(), text.size(), nullptr,
                        &size, &end) == 0 &&
         size == key.bytes.size() && end == text.data() + text.size();
}

bool decode_base64(std::string_view text, ClusterKey& key) {
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(key.bytes.data(), key.bytes.size(), text.data(), text.size(), nullptr,
                           &size, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
         size == key.bytes.size() && end == text.data() + text.size();
}

Result<std::string> read_key_file(const std::filesystem::path& file) {
  const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    const int number = errno;
    const char* remedy =
        number == ENOENT ? "; make one on one node with `mainstay keygen`, copy it to every node"
                         : "";
    return failure(errno_code(number),
                   fmt::format("key file {}: {}{}", file.string(), errno_text(number), remedy));
  }
  struct stat facts {};
  if (fstat(fd.number(), &facts) != 0) {
    return errno_failure(errno, fmt::format("key file {}", file.string()));
  }
  if (!S_ISREG(facts.st_mode)) {
    return failure(Code::invalid, fmt::format("key file {}: it is not a file", file.string()));
  }
  if ((facts.st_mode & 077) != 0) {
    return failure(Code::denied,
                   fmt::format("key file {0}: its mode is {1:03o}, so others than its owner can "
                               "read or change it; run `chmod 600 {0}`, and make a new key if "
                               "somebody may have read it",
                               file.string(), facts.st_mode & 0777));
  }
  std::string text(key_file_size_max, '\0');
  const ssize_t size = read(fd.number(), text.data(), text.size());
  if (size < 0) return errno_failure(errno, fmt::format("key file {}", file.string()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

std::string generate_key() {
  sodium_ready();
  ClusterKey key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  std::array<char, sodium_base64_ENCODED_LEN(cluster_key_size, sodium_base64_VARIANT_ORIGINAL)>
      text{};
  sodium_bin2base64(text.data(), text.size(), key.bytes.data(), key.bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  return std::string(text.data()) + "\n";
}

Result<ClusterKey> parse_key(std::string_view text) {
  sodium_ready();
  const std::string_view word = trimmed(text);
  ClusterKey key;
  if (word.size() == 2 * cluster_key_size ? decode_hex(word, key) : decode_base64(word, key)) {
    return key;
  }
  return failure(Code::invalid,
                 fmt::format("it holds {} characters that are not a key: a key is 32 bytes in "
                             "base64 (44 characters) or hexadecimal (64); make one with "
                             "`mainstay keygen`",
                             word.size()));
}

Result<ClusterKey> load_key(const std::filesystem::path& file) {
  const auto text = read_key_file(file);
  if (!text) return std::unexpected(text.error());
  auto key = parse_key(*text);
  if (!key) {
    key.error().message = fmt::format("key file {}: {}", file.string(), key.error().message);
  }
  return key;
}

}  // namespace mainstay::adapters
