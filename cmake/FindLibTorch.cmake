# LibTorch, from the distribution (1.13) or from a folder that has `include` and `lib`: the `torch` folder of
# a Python package, or an unpacked libtorch archive (-DLIBTORCH_ROOT=FOLDER). Its own TorchConfig.cmake is not
# used: with CUDA it asks for a whole CUDA toolkit, of which nothing is compiled here.
#
#   LibTorch::LibTorch      headers and libraries
#   LibTorch_VERSION        "1.13.0"
#   LibTorch_CXX_STANDARD   what its headers need: 17, from 2.9 on 20
#   LibTorch_HAS_CUDA, LibTorch_HAS_GLOO
set(LIBTORCH_ROOT "" CACHE PATH "Folder of LibTorch, where it is not the distribution's")
if(LIBTORCH_ROOT)
  set(hints PATHS ${LIBTORCH_ROOT} NO_DEFAULT_PATH)
endif()
find_path(LibTorch_INCLUDE_DIR ATen/ATen.h ${hints} PATH_SUFFIXES include)
foreach(library torch torch_cpu c10)
  find_library(LibTorch_${library}_LIBRARY ${library} ${hints} PATH_SUFFIXES lib)
endforeach()
if(LIBTORCH_ROOT)
  find_library(LibTorch_torch_cuda_LIBRARY torch_cuda ${hints} PATH_SUFFIXES lib)
endif()

if(LibTorch_INCLUDE_DIR AND EXISTS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h)
  set(version_header ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h)
else()
  set(version_header ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include/torch/version.h)
endif()
if(EXISTS ${version_header})
  file(STRINGS ${version_header} version_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9;]" "" version_numbers "${version_lines}")
  list(JOIN version_numbers "." LibTorch_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY
                LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION)

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  set(LibTorch_HAS_CUDA FALSE)
  if(LibTorch_torch_cuda_LIBRARY)
    set(LibTorch_HAS_CUDA TRUE)
  endif()
  set(LibTorch_HAS_GLOO FALSE)
  if(EXISTS ${LibTorch_INCLUDE_DIR}/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp)
    set(LibTorch_HAS_GLOO TRUE)
  endif()
  # Packages of Python bring CUDA's headers and libraries in folders beside torch's.
  if(LibTorch_HAS_CUDA)
    file(GLOB nvidia_includes ${LIBTORCH_ROOT}/../nvidia/*/include)
    file(GLOB nvidia_libraries ${LIBTORCH_ROOT}/../nvidia/*/lib)
  endif()
  set(LibTorch_CXX_STANDARD 17)
  if(LibTorch_VERSION VERSION_GREATER_EQUAL 2.9)
    set(LibTorch_CXX_STANDARD 20)
  endif()

  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    ${LibTorch_INCLUDE_DIR} ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include ${nvidia_includes})
  target_link_libraries(LibTorch::LibTorch INTERFACE
    ${LibTorch_torch_LIBRARY} ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  if(LibTorch_HAS_CUDA)
    # Registers its operators when it is loaded; no symbol of it is named here.
    target_link_libraries(LibTorch::LibTorch INTERFACE
      -Wl,--no-as-needed ${LibTorch_torch_cuda_LIBRARY} -Wl,--as-needed)
    # Its libraries load CUDA's, which the linker has to find too, as the loader does by their own paths.
    list(TRANSFORM nvidia_libraries PREPEND -Wl,-rpath-link,)
    target_link_libraries(LibTorch::LibTorch INTERFACE ${nvidia_libraries})
  endif()
endif()
