# How a folder becomes a library, how its *_test.cpp become a test program, and the flags all of them share.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(MAINSTAY_SANITIZE "Comma-separated sanitizers, e.g. address,undefined" "")

find_program(CCACHE ccache)
if(CCACHE)
  # With a precompiled header ccache needs to be told that its time stamp does not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(mainstay_flags INTERFACE)
target_compile_options(mainstay_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely inside std::expected, coroutine frames and, when it optimises,
  # std::string.
  target_compile_options(mainstay_flags INTERFACE -fpch-preprocess -Wno-maybe-uninitialized
      -Wno-missing-field-initializers -Wno-restrict -Wno-dangling-pointer -Wno-array-bounds
      -Wno-stringop-overflow -Wno-stringop-overread
      -Wno-free-nonheap-object)
else()
  target_compile_options(mainstay_flags INTERFACE -Wno-missing-field-initializers
      -Wno-missing-designated-field-initializers
      # g++ 12's own std::stable_sort uses what C++17 deprecated.
      -Wno-deprecated-declarations)
endif()
if(MAINSTAY_SANITIZE)
  string(REPLACE ";" "," sanitizers "${MAINSTAY_SANITIZE}")
  target_compile_options(mainstay_flags INTERFACE -fsanitize=${sanitizers} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
  target_link_options(mainstay_flags INTERFACE -fsanitize=${sanitizers})
endif()
target_include_directories(mainstay_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(mainstay_flags INTERFACE fmt::fmt)

find_package(fmt REQUIRED)
find_package(doctest REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# One precompiled header (the standard library and fmt) for everything.
add_library(mainstay_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(mainstay_pch PUBLIC mainstay_flags)
target_precompile_headers(mainstay_pch PUBLIC ${CMAKE_SOURCE_DIR}/cmake/pch.h)

# What waits for people or for other processes most of the time is compiled in little more than half the time.
add_library(mainstay_quickly_built INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(mainstay_quickly_built INTERFACE -Og)
endif()

# What lives whole clusters in tests is compiled with optimisation even where nothing else is.
if(MAINSTAY_SANITIZE)
  add_library(mainstay_hot_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
  target_link_libraries(mainstay_hot_pch PUBLIC mainstay_flags)
  target_compile_options(mainstay_hot_pch PRIVATE -O1)
  target_precompile_headers(mainstay_hot_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)
endif()

# What only tests need is compiled without optimisation: it is compiled far more often than it is run.
add_library(mainstay_test_flags INTERFACE)
target_link_libraries(mainstay_test_flags INTERFACE mainstay_flags doctest::doctest)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(mainstay_test_flags INTERFACE -O0)
endif()

# The main function of all test programs, and their precompiled header.
add_library(mainstay_test_main STATIC ${CMAKE_SOURCE_DIR}/cmake/test_main.cpp)
target_link_libraries(mainstay_test_main PUBLIC mainstay_test_flags)
target_precompile_headers(mainstay_test_main PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)

# What people run: `./run build` makes these, and no tests.
add_custom_target(programs)

# What the unit tests and the fuzz targets need, and no more: for builds with sanitizers.
add_custom_target(unit_tests)

# mainstay_test_program(NAME SOURCES files... [LINK libraries...]): a test program.
function(mainstay_test_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} mainstay_test_main)
  target_precompile_headers(${name} REUSE_FROM mainstay_test_main)
endfunction()

# mainstay_library(NAME folder... [QUICKLY_BUILT|HOT] [LINK libraries...] [TEST_LINK libraries...]): the .cpp of the folders (below this
# directory) become the static library mainstay_NAME; what only tests include (testing*, canned_*, *_contract) becomes
# mainstay_NAME_testing; the *_test.cpp become the test program NAME_tests.
function(mainstay_library name)
  cmake_parse_arguments(ARG "QUICKLY_BUILT;HOT" "" "LINK;TEST_LINK" ${ARGN})
  set(sources)
  set(support)
  set(tests)
  foreach(folder ${ARG_UNPARSED_ARGUMENTS})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    foreach(file ${found})
      if(file MATCHES "_test\\.cpp$")
        list(APPEND tests ${file})
      elseif(file MATCHES "/(testing|canned_)[^/]*\\.cpp$|_contract\\.cpp$")
        list(APPEND support ${file})
      else()
        list(APPEND sources ${file})
      endif()
    endforeach()
  endforeach()
  if(sources)
    add_library(mainstay_${name} STATIC ${sources})
    set(scope PUBLIC)
    if(ARG_HOT AND MAINSTAY_SANITIZE)
      target_compile_options(mainstay_${name} PRIVATE -O1)
      target_precompile_headers(mainstay_${name} REUSE_FROM mainstay_hot_pch)
    else()
      target_precompile_headers(mainstay_${name} REUSE_FROM mainstay_pch)
    endif()
  else()
    add_library(mainstay_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(mainstay_${name} ${scope} mainstay_flags ${ARG_LINK})
  if(ARG_QUICKLY_BUILT)
    target_link_libraries(mainstay_${name} PRIVATE mainstay_quickly_built)
  endif()
  set(test_link mainstay_${name} ${ARG_TEST_LINK})
  if(support)
    add_library(mainstay_${name}_testing STATIC ${support})
    target_link_libraries(mainstay_${name}_testing PUBLIC mainstay_${name} ${ARG_TEST_LINK} mainstay_test_main)
    target_precompile_headers(mainstay_${name}_testing REUSE_FROM mainstay_test_main)
    list(PREPEND test_link mainstay_${name}_testing)
  endif()
  if(tests)
    mainstay_test_program(${name}_tests SOURCES ${tests} LINK ${test_link})
    add_dependencies(unit_tests ${name}_tests)
    add_test(NAME ${name} COMMAND ${name}_tests WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
endfunction()
