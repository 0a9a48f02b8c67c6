# What every target of the project shares: warnings, sanitizers, ccache, and bl_add_test().

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the source tree are hashed relative to it: every clone shares what one has compiled.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=true
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})  # The sloppiness: for precompiled headers.
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wvla -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives on std::optional and inlined vectors under the sanitizers (GCC bug 80635).
  add_compile_options(-Wno-maybe-uninitialized)
else()
  add_compile_options(-Wthread-safety)
endif()
include_directories(${PROJECT_SOURCE_DIR})

if(BOARDLOOP_SANITIZE)
  add_compile_options(-fsanitize=${BOARDLOOP_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BOARDLOOP_SANITIZE})
endif()
if(BOARDLOOP_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# What the presets tsan and fuzz build and run: the tests with label threads, and those with label fuzz.
add_custom_target(threads_targets)
add_custom_target(fuzz_targets)

# bl_add_test(NAME SOURCES a_test.cc ... LIBRARIES core_plan ... [LABELS integration])
# One GoogleTest program; each of its tests becomes a ctest test.
function(bl_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} tests_support GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set(properties TIMEOUT 600)
  if(ARG_LABELS)  # An empty value would swallow the name of the next property.
    # One label of all, as gtest_discover_tests() flattens lists: ctest selects by regular expression.
    string(JOIN "+" label ${ARG_LABELS})
    list(APPEND properties LABELS ${label})
  endif()
  if("threads" IN_LIST ARG_LABELS)
    add_dependencies(threads_targets ${name})
  endif()
  gtest_discover_tests(${name}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    DISCOVERY_TIMEOUT 60
    PROPERTIES ${properties})
endfunction()

# bl_add_script_test(NAME COMMAND program argument... [LABELS integration])
# A script that is a test: it fails by its exit code.
function(bl_add_script_test name)
  cmake_parse_arguments(ARG "" "" "COMMAND;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  if(ARG_LABELS)
    string(JOIN "+" label ${ARG_LABELS})
    set_tests_properties(${name} PROPERTIES LABELS ${label})
  endif()
endfunction()

# bl_add_fuzz_target(NAME SOURCES x_fuzz.cc LIBRARIES ... CORPUS dir)
# A libFuzzer program in the `fuzz` preset. In every other preset the same source runs once over its
# corpus as a test, so that a finding stays fixed.
function(bl_add_fuzz_target name)
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set(options -runs=0)
  if(BOARDLOOP_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    # What it finds slow or broken; else it lies among the sources.
    list(APPEND options -artifact_prefix=${PROJECT_BINARY_DIR}/tests/${name}-)
  else()
    target_link_libraries(${name} PRIVATE tests_fuzz_replay)
  endif()
  add_dependencies(fuzz_targets ${name})
  add_test(NAME ${name}_corpus COMMAND ${name} ${options} ${ARG_CORPUS}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name}_corpus PROPERTIES LABELS fuzz TIMEOUT 600)
endfunction()
