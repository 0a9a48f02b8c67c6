#include "worker/data/wav.h"

#include <sndfile.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

constexpr int kMaxChannels = 16;

// A file in memory, as libsndfile reads it.
struct MemoryFile {
  const std::string& bytes;
  sf_count_t position = 0;
};

sf_count_t Length(void* file) {
  return static_cast<sf_count_t>(static_cast<MemoryFile*>(file)->bytes.size());
}

sf_count_t Seek(sf_count_t offset, int whence, void* file) {
  auto* memory = static_cast<MemoryFile*>(file);
  const sf_count_t base =
      whence == SEEK_SET ? 0 : (whence == SEEK_CUR ? memory->position : Length(file));
  memory->position = std::clamp<sf_count_t>(base + offset, 0, Length(file));
  return memory->position;
}

sf_count_t Read(void* to, sf_count_t count, void* file) {
  auto* memory = static_cast<MemoryFile*>(file);
  const sf_count_t some = std::min(count, Length(file) - memory->position);
  std::memcpy(to, memory->bytes.data() + memory->position, static_cast<size_t>(some));
  memory->position += some;
  return some;
}

sf_count_t Write(const void* /*from*/, sf_count_t /*count*/, void* /*file*/) { return 0; }

sf_count_t Tell(void* file) { return static_cast<MemoryFile*>(file)->position; }

struct Closer {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

absl::Status CheckInfo(const SF_INFO& info, int32_t sample_rate_hz) {
  if ((info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_WAV &&
      (info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_WAVEX) {
    return absl::InvalidArgumentError("it is a sound file, but not WAV");
  }
  if (info.samplerate != sample_rate_hz) {
    return absl::InvalidArgumentError(absl::StrFormat("its rate is %d Hz, the data set's is %d Hz",
                                                      info.samplerate, sample_rate_hz));
  }
  if (info.channels < 1 || info.channels > kMaxChannels) {
    return absl::InvalidArgumentError(
        absl::StrFormat("it has %d channels, 1 to %d are read", info.channels, kMaxChannels));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<float>> DecodeWav(const std::string& bytes, int32_t sample_rate_hz,
                                             int64_t max_samples) {
  MemoryFile memory{bytes};
  SF_VIRTUAL_IO io = {Length, Seek, Read, Write, Tell};
  SF_INFO info = {};
  const std::unique_ptr<SNDFILE, Closer> file(sf_open_virtual(&io, SFM_READ, &info, &memory));
  if (file == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat("not a WAV file: %s", sf_strerror(nullptr)));
  }
  const absl::Status checked = CheckInfo(info, sample_rate_hz);
  if (!checked.ok()) return checked;
  const int64_t wanted = std::min<int64_t>(info.frames, max_samples);
  std::vector<float> samples;
  std::vector<float> frames(static_cast<size_t>(4096) * info.channels);
  while (static_cast<int64_t>(samples.size()) < wanted) {
    const sf_count_t read =
        sf_readf_float(file.get(), frames.data(),
                       std::min<sf_count_t>(4096, wanted - static_cast<int64_t>(samples.size())));
    if (read <= 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("it is cut off: %d samples of %d", samples.size(), info.frames));
    }
    for (sf_count_t i = 0; i < read; ++i) {
      float sum = 0;
      for (int c = 0; c < info.channels; ++c) sum += frames[i * info.channels + c];
      samples.push_back(sum / static_cast<float>(info.channels));
    }
  }
  return samples;
}

}  // namespace boardloop
