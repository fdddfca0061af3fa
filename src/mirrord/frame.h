// The mirror's messages on a connection: sealed, with their payload behind them.
//
//   4 bytes  size of the message; 0: nothing but a sign of life
//   4 bytes  size of the payload
//   the message and, behind it, the payload: sealed as one; the eight bytes before them are
//            authenticated with them
//   16 bytes of tag
// If both sides say so the payload is not sealed: then it follows, as it is, behind the tag.
//
// Frames are numbered by the cipher, so none can be repeated, left out or exchanged. The first byte
// that does not fit ends the connection.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "mirror/wire.h"
#include "mirrord/cipher.h"
#include "mirrord/pool.h"

namespace mainstay::mirrord {

inline constexpr std::size_t payload_size_max = buffer_size_max;

enum class PayloadForm : std::uint8_t { plain, sealed };

class FrameWriter {
 public:
  FrameWriter(const adapters::Key& key, PayloadForm form);

  // Appends the frame, all but what is returned: that follows it on the wire.
  ByteView append(const mirror::Message& message, ByteView payload, Bytes& to);
  static void append_sign_of_life(Bytes& to);

 private:
  Cipher cipher_;
  PayloadForm form_;
};

class FrameReader {
 public:
  // A place for so many bytes of payload; nothing: there is none now.
  using Allocate = std::function<std::optional<mirror::BufferId>(std::size_t size)>;
  using At = std::function<std::uint8_t*(mirror::BufferId buffer)>;
  struct Memory {
    Allocate allocate;
    At at;
  };
  FrameReader(const adapters::Key& key, PayloadForm form, Memory memory);

  // Where the next bytes go, and that they have come. Not while stalled().
  std::span<std::uint8_t> room();
  void filled(std::size_t size);

  // The next whole message, if there is one; a write's buffer is named in it, and is the caller's.
  // corrupt: the connection is to be ended.
  Result<std::optional<mirror::Message>> next();
  // It waits for a buffer: next() goes on when there is one.
  bool stalled() const { return stalled_; }
  // The buffer of a payload that is not complete yet; whoever drops the reader releases it.
  std::optional<mirror::BufferId> unfinished() const;

 private:
  enum class Stage : std::uint8_t { head, message, payload, tag };
  using Found = Result<std::optional<mirror::Message>>;

  std::size_t staged() const { return end_ - begin_; }
  ByteView take(std::size_t size);
  bool straight() const;
  bool seals_payload() const { return form_ == PayloadForm::sealed && payload_size_ > 0; }
  Status take_head();
  void take_message();
  bool take_payload();
  Status take_tag();
  mirror::Message finish();

  Cipher cipher_;
  PayloadForm form_;
  Memory memory_;
  Bytes staging_;
  std::size_t begin_ = 0, end_ = 0;
  Stage stage_ = Stage::head;
  bool stalled_ = false;
  Bytes plain_;  // the message, opened
  std::uint32_t message_size_ = 0;
  std::uint32_t payload_size_ = 0;
  std::optional<mirror::Message> message_;
  std::optional<mirror::BufferId> buffer_;
  std::size_t received_ = 0;  // of the payload
};

}  // namespace mainstay::mirrord
