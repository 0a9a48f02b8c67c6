#include "cli/client/tls_probe.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/channel.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"
#include "core/identity/key.h"
#include "core/identity/openssl.h"

namespace boardloop {
namespace {

using UniqueContext = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;
using UniqueSsl = std::unique_ptr<SSL, OpensslFree<SSL_free>>;

// As HTTP/2 is announced; a gRPC server ends handshakes without it.
constexpr unsigned char kProtocols[] = {2, 'h', '2'};
// A server that takes our certificate speaks at once; one that does not refuses it at once.
constexpr absl::Duration kFirstWords = absl::Seconds(1);

// OpenSSL writes to the socket as to a file: where the other side has closed it, that must not end the program.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec now = {0, 0};
    while (sigtimedwait(&pipe_, nullptr, &now) == SIGPIPE) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_, before_;
};

bool Await(int fd, int16_t events, absl::Time end) {
  pollfd waiting = {fd, events, 0};
  while (true) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    const int ready = poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(left) + 1));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

absl::StatusOr<UniqueFd> Connect(const std::string& address, absl::Time end) {
  BL_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(address));
  std::string host = parsed.host;
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int result = getaddrinfo(host.c_str(), absl::StrCat(parsed.port).c_str(), &hints, &found);
  if (result != 0) {
    return absl::UnavailableError(absl::StrFormat("%s: %s", address, gai_strerror(result)));
  }
  const std::unique_ptr<addrinfo, OpensslFree<freeaddrinfo>> addresses(found);
  int error = ETIMEDOUT;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    UniqueFd fd(socket(entry->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.ok()) continue;
    if (connect(fd.get(), entry->ai_addr, entry->ai_addrlen) == 0) return fd;
    error = errno;
    if (error != EINPROGRESS) continue;
    error = ETIMEDOUT;
    if (!Await(fd.get(), POLLOUT, end)) continue;
    socklen_t size = sizeof(error);
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return fd;
  }
  return absl::UnavailableError(absl::StrFormat("%s: %s", address, std::strerror(error)));
}

// Repeats `step` until it is done, fails or takes too long; whether it succeeded.
template <typename Step>
bool Drive(SSL* ssl, int fd, absl::Time end, const Step& step) {
  while (true) {
    ERR_clear_error();
    const int result = step();
    if (result > 0) return true;
    const int wanted = SSL_get_error(ssl, result);
    if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) return false;
    if (!Await(fd, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end)) {
      ERR_clear_error();
      return false;
    }
  }
}

// "tlsv1 alert unknown ca", or what else OpenSSL met; empty: nothing.
std::string Reason() {
  const unsigned long error = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type.
  const char* text = error != 0 ? ERR_reason_error_string(error) : nullptr;
  ERR_clear_error();
  return text != nullptr ? text : "";
}

absl::Status Show(SSL* ssl, const IdentityFiles& identity) {
  BL_ASSIGN_OR_RETURN(const UniqueKey key, ParseKey(identity.key));
  BL_ASSIGN_OR_RETURN(const UniqueCertificate certificate, ReadCertificate(identity.certificate));
  if (SSL_use_certificate(ssl, certificate.get()) == 1 && SSL_use_PrivateKey(ssl, key.get()) == 1) {
    return absl::OkStatus();
  }
  return OpensslError("showing a certificate");
}

}  // namespace

absl::StatusOr<TlsProbe> ProbeTls(const std::string& address, const IdentityFiles* identity,
                                  absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
  const NoBrokenPipe no_signal;
  BL_ASSIGN_OR_RETURN(const UniqueFd fd, Connect(address, end));
  const UniqueContext context(SSL_CTX_new(TLS_client_method()));
  const UniqueSsl ssl(context == nullptr ? nullptr : SSL_new(context.get()));
  if (ssl == nullptr) return OpensslError("making a connection");
  // The chain is what we want to see, whoever signed it.
  SSL_set_verify(ssl.get(), SSL_VERIFY_NONE, nullptr);
  SSL_set_alpn_protos(ssl.get(), kProtocols, sizeof(kProtocols));
  SSL_set_fd(ssl.get(), fd.get());
  if (identity != nullptr) BL_RETURN_IF_ERROR(Show(ssl.get(), *identity));

  TlsProbe probe;
  const bool connected = Drive(ssl.get(), fd.get(), end, [&] { return SSL_connect(ssl.get()); });
  const std::string reason = Reason();
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl.get());
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    BL_ASSIGN_OR_RETURN(std::string pem, WriteCertificate(sk_X509_value(chain, i)));
    probe.chain.push_back(std::move(pem));
  }
  probe.tls = connected || !probe.chain.empty();
  if (!probe.tls) return probe;
  if (!connected) {
    probe.refusal = reason;
    return probe;
  }
  char first = 0;
  const bool spoke = Drive(ssl.get(), fd.get(), std::min(end, absl::Now() + kFirstWords),
                           [&] { return SSL_read(ssl.get(), &first, 1); });
  if (!spoke) probe.refusal = Reason();
  return probe;
}

}  // namespace boardloop
