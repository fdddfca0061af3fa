#include "mirrord/frame.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace mainstay::mirrord {
namespace {

constexpr std::size_t head_size = 8;
constexpr std::size_t sealed_size_max = mirror::message_size_max + cipher_tag_size;
// Small frames are read many at once, large payloads straight into their place.
constexpr std::size_t staging_size = 256 * 1024;
constexpr std::size_t straight_from = 32 * 1024;

Bytes head_of(std::size_t message, std::size_t payload) {
  ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(message));
  writer.u32(static_cast<std::uint32_t>(payload));
  return writer.take();
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

FrameWriter::Frame FrameWriter::message(const mirror::Message& message, ByteView payload) {
  const Bytes plain = encode(message);
  Frame frame{head_of(plain.size() + cipher_tag_size, payload.size()), payload};
  const bool seals_payload = form_ == PayloadForm::sealed && !payload.empty();
  const std::size_t extra = seals_payload ? payload.size() + cipher_tag_size : 0;
  frame.bytes.resize(head_size + plain.size() + cipher_tag_size + extra);
  std::uint8_t* at = frame.bytes.data() + head_size;
  const CipherTag tag = cipher_.seal(ByteView(frame.bytes).first(head_size), plain, at);
  at = std::ranges::copy(tag, at + plain.size()).out;
  if (!seals_payload) return frame;
  const CipherTag its = cipher_.seal({}, payload, at);
  std::ranges::copy(its, at + payload.size());
  frame.payload = {};
  return frame;
}

Bytes FrameWriter::sign_of_life() { return head_of(0, 0); }

FrameReader::FrameReader(const adapters::Key& key, PayloadForm form, Memory memory)
    : cipher_(key, Cipher::Use::opens),
      form_(form),
      memory_(std::move(memory)),
      staging_(staging_size) {}

std::optional<mirror::BufferId> FrameReader::unfinished() const { return buffer_; }

std::span<std::uint8_t> FrameReader::room() {
  const bool straight = stage_ == Stage::payload && buffer_ && staged() == 0 &&
                        received_ < payload_size_ && payload_size_ - received_ >= straight_from;
  if (straight) return {memory_.at(*buffer_) + received_, payload_size_ - received_};
  if (begin_ > 0) {
    std::memmove(staging_.data(), staging_.data() + begin_, staged());
    end_ -= begin_;
    begin_ = 0;
  }
  MAINSTAY_CHECK(end_ < staging_.size());
  return std::span(staging_).subspan(end_);
}

void FrameReader::filled(std::size_t size) {
  const bool straight = stage_ == Stage::payload && buffer_ && staged() == 0 &&
                        received_ < payload_size_ && payload_size_ - received_ >= straight_from;
  (straight ? received_ : end_) += size;
}

ByteView FrameReader::take(std::size_t size) {
  const ByteView taken = ByteView(staging_).subspan(begin_, size);
  begin_ += size;
  return taken;
}

Status FrameReader::take_head() {
  const ByteView head = take(head_size);
  head_.assign(head.begin(), head.end());
  ByteReader reader(head_);
  message_size_ = reader.u32();
  payload_size_ = reader.u32();
  if (message_size_ == 0 && payload_size_ == 0) return {};
  if (message_size_ <= cipher_tag_size || message_size_ > sealed_size_max) {
    return wrong("a message of an impossible size");
  }
  if (payload_size_ > payload_size_max) return wrong("a payload of an impossible size");
  stage_ = Stage::message;
  return {};
}

Status FrameReader::take_message() {
  const ByteView sealed = take(message_size_);
  Bytes plain(message_size_ - cipher_tag_size);
  const auto tag = tag_of(sealed.last(cipher_tag_size));
  if (!cipher_.open(head_, sealed.first(plain.size()), tag, plain.data())) {
    return wrong("a message was changed on the way");
  }
  auto message = mirror::decode_message(plain);
  if (!message) return std::unexpected(message.error());
  if (payload_size(*message) != payload_size_) return wrong("a payload that is not announced");
  message_ = std::move(*message);
  received_ = 0;
  stage_ = payload_size_ > 0 ? Stage::payload : Stage::head;
  return {};
}

// False: more must come first.
bool FrameReader::take_payload() {
  if (!buffer_) buffer_ = memory_.allocate(payload_size_);
  stalled_ = !buffer_;
  if (stalled_) return false;
  const std::size_t part = std::min<std::size_t>(staged(), payload_size_ - received_);
  if (part > 0) {
    std::memcpy(memory_.at(*buffer_) + received_, take(part).data(), part);
    received_ += part;
  }
  const std::size_t behind = form_ == PayloadForm::sealed ? cipher_tag_size : 0;
  return received_ == payload_size_ && staged() >= behind;
}

FrameReader::Found FrameReader::finish_payload() {
  std::uint8_t* memory = memory_.at(*buffer_);
  if (form_ == PayloadForm::sealed) {
    const auto tag = tag_of(take(cipher_tag_size));
    if (!cipher_.open({}, {memory, payload_size_}, tag, memory)) {
      return wrong("a payload was changed on the way");
    }
  }
  std::get<mirror::Write>(message_->body).buffer = *std::exchange(buffer_, std::nullopt);
  stage_ = Stage::head;
  return std::exchange(message_, std::nullopt);
}

FrameReader::Found FrameReader::next() {
  while (true) {
    if (stage_ == Stage::head) {
      if (staged() < head_size) return std::nullopt;
      if (const Status taken = take_head(); !taken) return std::unexpected(taken.error());
    } else if (stage_ == Stage::message) {
      if (staged() < message_size_) return std::nullopt;
      if (const Status taken = take_message(); !taken) return std::unexpected(taken.error());
      if (stage_ == Stage::head) return std::exchange(message_, std::nullopt);
    } else {
      if (!take_payload()) return std::nullopt;
      return finish_payload();
    }
  }
}

}  // namespace mainstay::mirrord
