// The lab's own certification authority and the endpoints' certificate, made new for each lab.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace mainstay::lab {

struct TlsStream {
  virtual ~TlsStream() = default;
  virtual bool accept() = 0;
  // As read(2) and write(2): bytes moved, 0 at the end, -1 on trouble.
  virtual long read(char* into, std::size_t size) = 0;
  virtual long write(const char* from, std::size_t size) = 0;
};

class TlsContext {
 public:
  // A certificate for all the names ("DNS:…" or "IP:…"), signed by a new authority.
  static Result<std::unique_ptr<TlsContext>> make(const std::vector<std::string>& names);
  ~TlsContext();

  const std::string& authority_pem() const { return authority_pem_; }
  // Speaks over the connected socket, which stays the caller's.
  std::unique_ptr<TlsStream> wrap(int socket) const;

 private:
  TlsContext() = default;
  struct Hidden;
  std::unique_ptr<Hidden> hidden_;
  std::string authority_pem_;
};

}  // namespace mainstay::lab
