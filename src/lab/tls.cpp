// OpenSSL: two P-256 keys, two certificates, one server context.
#include "lab/tls.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace mainstay::lab {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;

struct Identity {
  Key key;
  Certificate certificate;
};

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Identity make_identity(const std::string& name, long serial) {
  Identity made{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  // A day back, because clocks of instances may be set wrong on purpose.
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 30L * 86'400);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

bool sign(Identity& subject, Identity& issuer) {
  X509_set_issuer_name(subject.certificate.get(), X509_get_subject_name(issuer.certificate.get()));
  return X509_sign(subject.certificate.get(), issuer.key.get(), EVP_sha256()) > 0;
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, Deleter<BIO_vfree>> memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

class Stream : public TlsStream {
 public:
  Stream(SSL_CTX* context, int socket) : ssl_(SSL_new(context)) { SSL_set_fd(ssl_.get(), socket); }
  bool accept() override { return SSL_accept(ssl_.get()) == 1; }
  long read(char* into, std::size_t size) override {
    const int got = SSL_read(ssl_.get(), into, static_cast<int>(size));
    if (got > 0) return got;
    return SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
  }
  long write(const char* from, std::size_t size) override {
    const int sent = SSL_write(ssl_.get(), from, static_cast<int>(size));
    return sent > 0 ? sent : -1;
  }

 private:
  std::unique_ptr<SSL, Deleter<SSL_free>> ssl_;
};

}  // namespace

struct TlsContext::Hidden {
  Context context;
};

TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::make(const std::vector<std::string>& names) {
  Identity authority = make_identity("Mainstay lab CA", 1);
  Identity server = make_identity("Mainstay lab endpoints", 2);
  std::string alternatives;
  for (const std::string& name : names) {
    alternatives += (alternatives.empty() ? "" : ",") + name;
  }
  X509* ca = authority.certificate.get();
  X509* own = server.certificate.get();
  const bool good =
      add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE") &&
      add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(ca, ca, NID_subject_key_identifier, "hash") && sign(authority, authority) &&
      add_extension(own, ca, NID_subject_alt_name, alternatives) &&
      add_extension(own, ca, NID_authority_key_identifier, "keyid") && sign(server, authority);
  auto made = std::unique_ptr<TlsContext>(new TlsContext);
  made->hidden_ = std::make_unique<Hidden>();
  made->hidden_->context = Context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made->hidden_->context.get();
  if (!good || context == nullptr || SSL_CTX_use_certificate(context, own) != 1 ||
      SSL_CTX_use_PrivateKey(context, server.key.get()) != 1) {
    return failure(Code::unavailable, "OpenSSL cannot make the certificate of the lab's endpoints");
  }
  made->authority_pem_ = pem_of(ca);
  return made;
}

std::unique_ptr<TlsStream> TlsContext::wrap(int socket) const {
  return std::make_unique<Stream>(hidden_->context.get(), socket);
}

}  // namespace mainstay::lab
