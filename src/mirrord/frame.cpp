#include "mirrord/frame.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace mainstay::mirrord {
namespace {

constexpr std::size_t head_size = 8;
// Small frames are read many at once, large payloads straight into their place.
constexpr std::size_t staging_size = 256 * 1024;
constexpr std::size_t straight_from = 32 * 1024;

void append_number(std::uint32_t number, Bytes& to) {
  for (int shift = 0; shift < 32; shift += 8)
    to.push_back(static_cast<std::uint8_t>(number >> shift));
}

CipherTag tag_of(ByteView bytes) {
  CipherTag tag{};
  std::ranges::copy(bytes, tag.begin());
  return tag;
}

std::unexpected<Error> wrong(std::string_view what) {
  return failure(Code::corrupt, "the peer's connection: " + std::string(what));
}

}  // namespace

FrameWriter::FrameWriter(const adapters::Key& key, PayloadForm form)
    : cipher_(key, Cipher::Use::seals), form_(form) {}

ByteView FrameWriter::append(const mirror::Message& message, ByteView payload, Bytes& to) {
  const Bytes plain = encode(message);
  const bool seals = form_ == PayloadForm::sealed;
  const std::size_t begin = to.size();
  append_number(static_cast<std::uint32_t>(plain.size()), to);
  append_number(static_cast<std::uint32_t>(payload.size()), to);
  to.resize(to.size() + plain.size() + (seals ? payload.size() : 0) + cipher_tag_size);
  std::uint8_t* at = to.data() + begin + head_size;
  cipher_.begin(ByteView(to).subspan(begin, head_size));
  cipher_.pass(plain, at);
  if (seals && !payload.empty()) cipher_.pass(payload, at + plain.size());
  std::ranges::copy(cipher_.end_sealing(), to.end() - cipher_tag_size);
  return seals ? ByteView() : payload;
}

void FrameWriter::append_sign_of_life(Bytes& to) { to.resize(to.size() + head_size); }

FrameReader::FrameReader(const adapters::Key& key, PayloadForm form, Memory memory)
    : cipher_(key, Cipher::Use::opens),
      form_(form),
      memory_(std::move(memory)),
      staging_(staging_size) {}

std::optional<mirror::BufferId> FrameReader::unfinished() const { return buffer_; }

bool FrameReader::straight() const {
  return stage_ == Stage::payload && buffer_ && staged() == 0 &&
         payload_size_ - received_ >= straight_from;
}

std::span<std::uint8_t> FrameReader::room() {
  if (straight()) return {memory_.at(*buffer_) + received_, payload_size_ - received_};
  if (begin_ > 0) {
    std::memmove(staging_.data(), staging_.data() + begin_, staged());
    end_ -= begin_;
    begin_ = 0;
  }
  MAINSTAY_CHECK(end_ < staging_.size());
  return std::span(staging_).subspan(end_);
}

void FrameReader::filled(std::size_t size) {
  if (!straight()) {
    end_ += size;
    return;
  }
  std::uint8_t* at = memory_.at(*buffer_) + received_;
  if (seals_payload()) cipher_.pass({at, size}, at);
  received_ += size;
}

ByteView FrameReader::take(std::size_t size) {
  const ByteView taken = ByteView(staging_).subspan(begin_, size);
  begin_ += size;
  return taken;
}

Status FrameReader::take_head() {
  const ByteView head = take(head_size);
  ByteReader reader(head);
  message_size_ = reader.u32();
  payload_size_ = reader.u32();
  if (message_size_ == 0 && payload_size_ == 0) return {};
  if (message_size_ == 0 || message_size_ > mirror::message_size_max) {
    return wrong("a message of an impossible size");
  }
  if (payload_size_ > payload_size_max) return wrong("a payload of an impossible size");
  cipher_.begin(head);
  received_ = 0;
  stage_ = Stage::message;
  return {};
}

void FrameReader::take_message() {
  plain_.resize(message_size_);
  cipher_.pass(take(message_size_), plain_.data());
  stage_ = seals_payload() ? Stage::payload : Stage::tag;
}

// False: more must come first.
bool FrameReader::take_payload() {
  if (!buffer_) buffer_ = memory_.allocate(payload_size_);
  stalled_ = !buffer_;
  if (stalled_) return false;
  const std::size_t part = std::min<std::size_t>(staged(), payload_size_ - received_);
  std::uint8_t* at = memory_.at(*buffer_) + received_;
  if (part > 0 && seals_payload()) {
    cipher_.pass(take(part), at);
  } else if (part > 0) {
    std::memcpy(at, take(part).data(), part);
  }
  received_ += part;
  return received_ == payload_size_;
}

Status FrameReader::take_tag() {
  if (!cipher_.end_opening(tag_of(take(cipher_tag_size)))) {
    return wrong("a message was changed on the way");
  }
  auto message = mirror::decode_message(plain_);
  if (!message) return std::unexpected(message.error());
  if (payload_size(*message) != payload_size_) return wrong("a payload that is not announced");
  message_ = std::move(*message);
  return {};
}

mirror::Message FrameReader::finish() {
  if (payload_size_ > 0) {
    std::get<mirror::Write>(message_->body).buffer = *std::exchange(buffer_, std::nullopt);
  }
  stage_ = Stage::head;
  return *std::exchange(message_, std::nullopt);
}

FrameReader::Found FrameReader::next() {
  while (true) {
    if (stage_ == Stage::head) {
      if (staged() < head_size) return std::nullopt;
      if (const Status taken = take_head(); !taken) return std::unexpected(taken.error());
    } else if (stage_ == Stage::message) {
      if (staged() < message_size_) return std::nullopt;
      take_message();
    } else if (stage_ == Stage::payload) {
      if (!take_payload()) return std::nullopt;
      if (!seals_payload()) return finish();
      stage_ = Stage::tag;
    } else {
      if (staged() < cipher_tag_size) return std::nullopt;
      if (const Status taken = take_tag(); !taken) return std::unexpected(taken.error());
      if (seals_payload() || payload_size_ == 0) return finish();
      stage_ = Stage::payload;
    }
  }
}

}  // namespace mainstay::mirrord
