# Read by the build of XGBoost through CMAKE_TOOLCHAIN_FILE (see .cargo/config.toml):
# a static library, so that `diamonds` stays one file, and without debug information, which would make it 13 times larger.
set(BUILD_STATIC_LIB ON CACHE BOOL "" FORCE)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -DNDEBUG" CACHE STRING "" FORCE)
