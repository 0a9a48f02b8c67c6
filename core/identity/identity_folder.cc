#include "core/identity/identity_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/file_io.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxFile = 64 << 10;
constexpr int kAttempts = 5;

std::string NextKeyFile(const std::string& folder) { return KeyFileIn(folder) + ".next"; }
std::string ServerFile(const std::string& folder) { return folder + "/server"; }

absl::StatusOr<IdentityFiles> ReadFiles(const std::string& folder) {
  IdentityFiles files;
  BL_ASSIGN_OR_RETURN(files.certificate, ReadFile(CertificateFileIn(folder), kMaxFile));
  BL_ASSIGN_OR_RETURN(files.key, ReadFile(KeyFileIn(folder), kMaxFile));
  BL_ASSIGN_OR_RETURN(files.authority, ReadFile(AuthorityFileIn(folder), kMaxFile));
  BL_ASSIGN_OR_RETURN(const std::string server, ReadFile(ServerFile(folder), kMaxFile));
  files.server = std::string(absl::StripAsciiWhitespace(server));
  return files;
}

// The key of a certificate whose writer was stopped before it moved the key to its place; nobody writes now.
void FinishWriting(const std::string& folder, const std::string& certificate) {
  const absl::StatusOr<std::string> next = ReadFile(NextKeyFile(folder), kMaxFile);
  if (!next.ok() || !CheckKey(certificate, *next).ok()) return;
  std::rename(NextKeyFile(folder).c_str(), KeyFileIn(folder).c_str());
}

absl::StatusOr<UniqueFd> Lock(const std::string& folder) {
  BL_ASSIGN_OR_RETURN(UniqueFd file, OpenFile(folder + "/.lock", O_RDWR | O_CREAT, 0600));
  int result;
  do {
    result = flock(file.get(), LOCK_EX);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return FileError("cannot lock", folder + "/.lock", errno);
  return file;
}

}  // namespace

std::string KeyFileIn(const std::string& folder) { return folder + "/key.pem"; }
std::string CertificateFileIn(const std::string& folder) { return folder + "/certificate.pem"; }
std::string AuthorityFileIn(const std::string& folder) { return folder + "/authority.pem"; }

absl::StatusOr<IdentityFiles> ReadIdentity(const std::string& folder) {
  struct stat info;
  if (stat(CertificateFileIn(folder).c_str(), &info) != 0 && errno == ENOENT) {
    return absl::NotFoundError(absl::StrFormat("there is no identity in %s", folder));
  }
  const auto refused = [&](const absl::Status& status) {
    return Annotate(status, absl::StrCat("the identity in ", folder));
  };
  absl::Status fits;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::StatusOr<IdentityFiles> files = ReadFiles(folder);
    if (!files.ok()) return refused(files.status());
    fits = CheckKey(files->certificate, files->key);
    if (fits.ok()) fits = CheckIssuer(files->certificate, files->authority);
    if (fits.ok()) fits = ParseCertificate(files->certificate).status();
    if (fits.ok()) return files;
    // Read while it was written, or its writer was stopped: once nobody writes, one of the two is over. A folder that we cannot write
    // has no writer that we would have to wait for.
    const absl::StatusOr<UniqueFd> lock = Lock(folder);
    if (lock.ok()) FinishWriting(folder, files->certificate);
  }
  return refused(fits);
}

absl::Status PrepareIdentityFolder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::create_directories(folder, error)) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  if (error) return FileError("making the folder", folder, error.value());
  return Lock(folder).status();
}

absl::Status WriteIdentity(const std::string& folder, const IdentityFiles& files) {
  BL_RETURN_IF_ERROR(PrepareIdentityFolder(folder));
  BL_ASSIGN_OR_RETURN(const UniqueFd lock, Lock(folder));
  BL_RETURN_IF_ERROR(WriteFileAtomically(AuthorityFileIn(folder), files.authority));
  BL_RETURN_IF_ERROR(WriteFileAtomically(ServerFile(folder), files.server + "\n"));
  BL_RETURN_IF_ERROR(WriteFileAtomically(NextKeyFile(folder), files.key, 0600));
  BL_RETURN_IF_ERROR(SyncFolder(folder));
  BL_RETURN_IF_ERROR(WriteFileAtomically(CertificateFileIn(folder), files.certificate));
  if (std::rename(NextKeyFile(folder).c_str(), KeyFileIn(folder).c_str()) != 0) {
    return FileError("cannot write", KeyFileIn(folder), errno);
  }
  return SyncFolder(folder);
}

absl::StatusOr<ExpiryTimes> ReadExpiryTimes(const std::string& folder) {
  ExpiryTimes times;
  BL_ASSIGN_OR_RETURN(const std::string own, ReadFile(CertificateFileIn(folder), kMaxFile));
  BL_ASSIGN_OR_RETURN(times.own, NotAfter(own));
  BL_ASSIGN_OR_RETURN(const std::string authority, ReadFile(AuthorityFileIn(folder), kMaxFile));
  BL_ASSIGN_OR_RETURN(times.authority, NotAfter(authority));
  return times;
}

absl::Time RenewalTime(const Certificate& certificate) {
  return certificate.not_before + (certificate.not_after - certificate.not_before) / 2;
}

std::string DefaultIdentityFolder() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config != '\0') return absl::StrCat(config, "/boardloop/identity");
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr ? home : ".", "/.config/boardloop/identity");
}

}  // namespace boardloop
