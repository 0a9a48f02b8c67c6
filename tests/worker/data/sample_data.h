// Small data sets on disk, in the layouts that worker/data reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/image.h"

namespace boardloop {

// An IDX file's bytes: uint8 values of these extents.
std::string IdxBytes(const std::vector<uint32_t>& shape, const std::string& values);

// Compressed as gzip does.
std::string GzipBytes(const std::string& bytes);

// A PNG of one grey value, or of an image.
std::string PngBytes(const Image& image);
Image FlatImage(int32_t height, int32_t width, int32_t channels, uint8_t value);

// A 16-bit WAV file of samples in [-1, 1].
std::string WavBytes(const std::vector<float>& samples, int32_t sample_rate_hz, int channels = 1);

// A new empty folder below the tests' temporary one, and files in it (folders are made).
std::string NewFolder();
void WriteIn(const std::string& folder, const std::string& name, const std::string& bytes);

}  // namespace boardloop
