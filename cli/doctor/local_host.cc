#include "cli/doctor/local_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "boardloop/v1/board_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/explain.h"
#include "cli/client/grpc_status.h"
#include "core/base/files.h"
#include "core/base/parallel.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"
#include "grpcpp/grpcpp.h"
#include "httplib.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

// pyOCD and docker take seconds to say who they are, on a machine that is busy.
constexpr absl::Duration kProgram = absl::Seconds(60);
constexpr absl::Duration kAnswer = absl::Seconds(3);
constexpr int64_t kMaxFile = 1 << 20;
constexpr int32_t kMaxPage = 1000;

struct KindOfDisk {
  const char* name;
  bool is_network;
};

// By the numbers of statfs(2).
const std::map<uint32_t, KindOfDisk>& KindsOfDisk() {
  static const auto& kinds = *new std::map<uint32_t, KindOfDisk>{{0xef53, {"ext4", false}},
                                                                 {0x58465342, {"xfs", false}},
                                                                 {0x9123683e, {"btrfs", false}},
                                                                 {0x2fc12fc1, {"zfs", false}},
                                                                 {0x794c7630, {"overlayfs", false}},
                                                                 {0x01021994, {"tmpfs", false}},
                                                                 {0xf2f52010, {"f2fs", false}},
                                                                 {0x6969, {"nfs", true}},
                                                                 {0xff534d42, {"cifs", true}},
                                                                 {0xfe534d42, {"smb2", true}},
                                                                 {0x517b, {"smb", true}},
                                                                 {0x01021997, {"9p", true}},
                                                                 {0x65735546, {"fuse", true}},
                                                                 {0x00c36400, {"ceph", true}},
                                                                 {0x0bd00bd0, {"lustre", true}}};
  return kinds;
}

bool IsProgram(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string LocalHost::Find(const std::string& program) const {
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / program;
  if (!error && IsProgram(beside)) return beside.string();
  for (const std::string& folder :
       std::vector<std::string>(absl::StrSplit(Variable("PATH"), ':'))) {
    const fs::path path = fs::path(folder) / program;
    if (!folder.empty() && IsProgram(path)) return path.string();
  }
  return "";
}

absl::StatusOr<ProcessOutput> LocalHost::Run(const std::vector<std::string>& argv) const {
  return RunProcess(argv, "", {.deadline = kProgram});
}

std::string LocalHost::Variable(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::string> LocalHost::Read(const std::string& path) const {
  return ReadFile(path, kMaxFile);
}

bool LocalHost::Exists(const std::string& path) const {
  std::error_code error;
  return fs::exists(path, error);
}

bool LocalHost::MayWrite(const std::string& path) const { return access(path.c_str(), W_OK) == 0; }

bool LocalHost::AnybodyMayRead(const std::string& path) const {
  struct stat file, folder;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return stat(path.c_str(), &file) == 0 && stat(parent.c_str(), &folder) == 0 &&
         (file.st_mode & S_IROTH) != 0 && (folder.st_mode & S_IXOTH) != 0;
}

absl::StatusOr<DiskSpace> LocalHost::Disk(const std::string& path) const {
  struct statfs info = {};
  if (statfs(path.c_str(), &info) != 0) {
    return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  DiskSpace disk;
  disk.free_bytes = static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_bsize);
  const auto number = static_cast<uint32_t>(info.f_type);
  const auto kind = KindsOfDisk().find(number);
  if (kind == KindsOfDisk().end()) {
    disk.filesystem = absl::StrFormat("0x%x", number);
  } else {
    disk.filesystem = kind->second.name;
    disk.is_network = kind->second.is_network;
  }
  return disk;
}

bool LocalHost::PortIsFree(int port) const {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  // As servers do: what an ended connection leaves is not in the way.
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
         listen(socket.get(), 1) == 0;
}

absl::StatusOr<std::string> LocalHost::AskCoordinator(const Target& coordinator) const {
  const auto& [address, identity] = coordinator;
  BL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenChannel(address, identity));
  v1::ListMembersRequest request;
  request.set_page_size(kMaxPage);
  v1::ListMembersResponse members;
  grpc::ClientContext context;
  SetDeadline(context, kAnswer);
  const absl::Status status = FromGrpc(
      v1::BoardService::NewStub(channel)->ListMembers(&context, request, &members), address);
  // A port of somebody who says nothing.
  if (absl::IsDeadlineExceeded(status)) return absl::UnavailableError(status.message());
  BL_RETURN_IF_ERROR(ExplainFailure(status, address, identity));
  int workers = 0, agents = 0;
  for (const v1::Member& member : members.members()) {
    if (member.state() == v1::Member::LOST) continue;
    ++(member.kind() == v1::Member::WORKER ? workers : agents);
  }
  return absl::StrFormat("workers connected: %d, agents: %d", workers, agents);
}

absl::StatusOr<std::string> LocalHost::Fetch(const std::string& address,
                                             const std::string& path) const {
  httplib::Client client("http://" + address);
  client.set_connection_timeout(absl::ToInt64Seconds(kAnswer));
  client.set_read_timeout(absl::ToInt64Seconds(kAnswer));
  const auto answer = client.Get(path);
  if (!answer) return absl::UnavailableError(absl::StrCat(address, " does not answer"));
  if (answer->status != 200) return absl::NotFoundError(absl::StrCat(address, path));
  return answer->body;
}

int LocalHost::Processors() const { return DefaultThreads(); }

int64_t LocalHost::MemoryBytes() const {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

absl::Time LocalHost::Now() const { return absl::Now(); }

}  // namespace boardloop
