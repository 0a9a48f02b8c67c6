#include "tests/worker/service/task_world.h"

#include <filesystem>

#include "core/base/random.h"
#include "core/space/subnet.h"
#include "tests/worker/data/sample_data.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/recipe.h"

namespace boardloop {
namespace {

constexpr int64_t kTrainImages = 240;

void WritePart(const std::string& folder, const std::string& part, int64_t count, uint64_t seed) {
  const Dataset data = Quadrants(count, seed);
  const auto images = static_cast<uint32_t>(count);
  const auto side = static_cast<uint32_t>(kSmallResolution);
  WriteIn(folder, part + "-images-idx3-ubyte",
          IdxBytes({images, side, side}, std::string(data.pixels.begin(), data.pixels.end())));
  WriteIn(folder, part + "-labels-idx1-ubyte",
          IdxBytes({images}, std::string(data.labels.begin(), data.labels.end())));
}

}  // namespace

TaskWorld::TaskWorld() : folder_(NewFolder()) {
  WritePart(data_folder(), "train", kTrainImages, 1);
  WritePart(data_folder(), "t10k", kWorldTestImages, 2);
}

TaskWorld::~TaskWorld() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

v1::TrainTask TaskWorld::Train() const {
  v1::TrainTask task;
  *task.mutable_supernet() = SmallSupernet();
  task.mutable_supernet()->clear_classes();  // The data set's.
  *task.mutable_training() = SmallTraining();
  task.mutable_training()->set_ema_decay(0.9);
  task.mutable_dataset()->set_path(data_folder());
  return task;
}

v1::ScoreTask TaskWorld::Score(const std::string& supernet, const std::string& subnet) const {
  v1::ScoreTask task;
  task.set_supernet(supernet);
  task.set_subnet(subnet);
  task.mutable_scoring()->set_calibration_images(128);
  task.set_seed(3);
  return task;
}

v1::SpecializeTask TaskWorld::Specialize(const std::string& supernet,
                                         const std::string& subnet) const {
  v1::SpecializeTask task;
  task.set_supernet(supernet);
  task.set_subnet(subnet);
  task.mutable_specialization()->set_epochs(1);
  task.mutable_specialization()->set_board_images(20);
  task.set_seed(5);
  return task;
}

std::string TaskWorld::LargestText() const { return CanonicalText(LargestOf(SmallSupernet())); }
std::string TaskWorld::SmallestText() const { return CanonicalText(SmallestOf(SmallSupernet())); }

std::vector<std::string> TaskWorld::RandomTexts(int count) const {
  Random random(11);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) texts.push_back(CanonicalText(SampleOf(SmallSupernet(), random)));
  return texts;
}

Machine::Machine(FakeArtifacts& store, int threads)
    : datasets(DatasetAccess::Options(), clock_),
      cache({ComputeDevice(), threads}, datasets),
      artifacts(store) {}

TaskContext Machine::Context() {
  TaskContext context;
  context.read = [this](const std::string& name) { return artifacts.Read(name); };
  context.write = [this](const std::string& bytes) { return artifacts.Write(bytes); };
  context.cancelled = [] { return false; };
  context.abandoned = [] { return false; };
  context.report = [this](const v1::TaskProgress& progress) {
    MutexLock lock(mu_);
    reports.push_back(progress);
  };
  context.log = [this](const std::string& line) {
    MutexLock lock(mu_);
    lines.push_back(line);
  };
  return context;
}

TrainTaskOptions Machine::Options(const TaskWorld& world, const std::string& folder) const {
  TrainTaskOptions options;
  options.folder = world.At(folder);
  options.task = "tasks/1";
  options.checkpoint_interval = absl::InfiniteDuration();
  options.report_interval = absl::ZeroDuration();
  options.accuracy_interval = absl::InfiniteDuration();
  return options;
}

absl::StatusOr<v1::TrainOutput> Machine::Train(const TaskWorld& world, const v1::TrainTask& task,
                                               const std::string& folder) {
  return RunTrainTask(task, Options(world, folder), cache, Context());
}

}  // namespace boardloop
