# Every third-party library, from the distribution's packages (deploy/install-deps.sh).
# docs/decisions/ has a page on why each was chosen.

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)  # 0.7 (Debian 12) has no namespace, 0.8 (Ubuntu 24.04) has.
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
find_package(FlatBuffers REQUIRED)
find_program(FLATC flatc REQUIRED)
find_package(glog REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
add_library(xxhash::xxhash UNKNOWN IMPORTED)
set_target_properties(xxhash::xxhash PROPERTIES
  IMPORTED_LOCATION ${XXHASH_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${XXHASH_INCLUDE_DIR})

find_package(ZLIB REQUIRED)

find_library(SNDFILE_LIBRARY sndfile REQUIRED)
find_path(SNDFILE_INCLUDE_DIR sndfile.h REQUIRED)
add_library(SndFile::sndfile UNKNOWN IMPORTED)
set_target_properties(SndFile::sndfile PROPERTIES
  IMPORTED_LOCATION ${SNDFILE_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${SNDFILE_INCLUDE_DIR})

find_library(KISSFFT_LIBRARY kissfft-float REQUIRED)
find_path(KISSFFT_INCLUDE_DIR kissfft/kiss_fftr.h REQUIRED)
add_library(kissfft::kissfft UNKNOWN IMPORTED)
set_target_properties(kissfft::kissfft PROPERTIES
  IMPORTED_LOCATION ${KISSFFT_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${KISSFFT_INCLUDE_DIR})

if(BOARDLOOP_TORCH)
  find_package(LibTorch 1.13 REQUIRED)  # cmake/FindLibTorch.cmake
endif()

if(BOARDLOOP_TRAINER_ONLY)
  return()  # deploy/pack-trainer.sh packs what stands above.
endif()
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(gRPC REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)
find_path(HTTPLIB_INCLUDE_DIR httplib.h REQUIRED)
add_library(httplib::httplib UNKNOWN IMPORTED)
set_target_properties(httplib::httplib PROPERTIES
  IMPORTED_LOCATION ${HTTPLIB_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${HTTPLIB_INCLUDE_DIR}
  # As the distribution built it: classes have other members without these.
  INTERFACE_COMPILE_DEFINITIONS
    "CPPHTTPLIB_OPENSSL_SUPPORT;CPPHTTPLIB_ZLIB_SUPPORT;CPPHTTPLIB_BROTLI_SUPPORT")
include(GoogleTest)

find_library(ELF_LIBRARY elf REQUIRED)
find_path(ELF_INCLUDE_DIR gelf.h REQUIRED)
add_library(elf::elf UNKNOWN IMPORTED)
set_target_properties(elf::elf PROPERTIES
  IMPORTED_LOCATION ${ELF_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${ELF_INCLUDE_DIR})
