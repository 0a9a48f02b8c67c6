#include "device-agent/service/library_archive.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "device-agent/build/firmware_sources.h"
#include "firmware/codegen/export_library.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "network";
constexpr char kFolder[] = "network";  // In the archive.
constexpr absl::Duration kTar = absl::Seconds(60);

// A folder that goes with its object. Of this one alone: boards archive side by side.
class TemporaryFolder {
 public:
  static absl::StatusOr<TemporaryFolder> Make() {
    std::string path = (fs::temp_directory_path() / "boardloop-library-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return absl::UnavailableError(absl::StrCat("cannot make ", path, ": ", strerror(errno)));
    }
    return TemporaryFolder(path);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    if (path_.empty()) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace

absl::StatusOr<std::string> LibraryArchive(const Model& model, const Plan& plan) {
  BL_ASSIGN_OR_RETURN(const EngineProgram program, MakeEngineProgram(model, plan, KernelSet::kDsp));
  BL_ASSIGN_OR_RETURN(const std::string sources, FindFirmwareSources());
  BL_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Make());
  EmitOptions emit;
  emit.prefix = kPrefix;
  BL_RETURN_IF_ERROR(
      ExportLibrary(program, emit, sources, absl::StrCat(folder.path(), "/", kFolder)));
  BL_ASSIGN_OR_RETURN(
      ProcessOutput tar,
      RunProcess({"tar", "--create", "--gzip", "--sort=name", "--mtime=@0", "--owner=0",
                  "--group=0", "--numeric-owner", "--directory", folder.path(), kFolder},
                 "", {.deadline = kTar}));
  if (tar.exit_code != 0) return absl::InternalError(absl::StrCat("tar: ", tar.err));
  return std::move(tar.out);
}

}  // namespace boardloop
