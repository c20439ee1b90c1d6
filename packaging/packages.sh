#!/bin/sh
# Builds every package: deb and rpm, amd64 and arm64, with nfpm, the same to the byte
# from the same commit by the same Go. `make packages` calls it, from the top of the checkout.
#
#   packages.sh DIR     puts the packages, the bill of materials of their binaries
#                       (oneha-VERSION.cdx.json) and SHA256SUMS into DIR, in the place of older ones
#
# From the environment:
#   VERSION             of the packages; else from git: 1.2.3 at a tag v1.2.3,
#                       1.2.3+4.gabcdef123456 four commits behind it,
#                       0.0.0+20060102150405.gabcdef123456 without a tag, each with ".dirty"
#                       for a tree that was changed
#   SOURCE_DATE_EPOCH   date of every file; else that of the commit
#   ARCHES              "amd64 arm64" when empty
#   NFPM                the nfpm to run
#   TOOLCHAIN           the Go to build with, as GOTOOLCHAIN has it; auto when empty
set -eu
# The order of files and what a letter is.
export LC_ALL=C

die() { echo "packages: $*" >&2; exit 1; }
[ $# = 1 ] || die "usage: packages.sh DIR"
[ -f go.mod ] || die "run it from the top of the checkout: make packages"
: "${ARCHES:=amd64 arm64}" "${TOOLCHAIN:=auto}" "${NFPM:?run make packages, which gets nfpm}"

why=''
if ! commit=$(git rev-parse HEAD 2>/dev/null); then
	why=$(git rev-parse HEAD 2>&1) || true
	commit=''
fi
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	[ -n "$commit" ] || die "no commit here to take the date from: set SOURCE_DATE_EPOCH (seconds); git says: $why"
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
fi
if [ -z "${VERSION:-}" ]; then
	[ -n "$commit" ] || die "no commit here to take the version from: set VERSION; git says: $why"
	if described=$(git describe --tags --match 'v[0-9]*' --abbrev=12 --dirty=.dirty 2>/dev/null); then
		# v1.2.3-4-gabc1234 is behind 1.2.3, so dpkg and rpm have to sort it there; v1.2.3-rc1 before.
		VERSION=$(echo "$described" | sed -E 's/^v//; s/-([0-9]+)-(g[0-9a-f]+)/+\1.\2/; s/-/~/g')
	else
		VERSION=0.0.0+$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).g$(git rev-parse --short=12 HEAD)
		[ -z "$(git status --porcelain)" ] || VERSION=$VERSION.dirty
	fi
fi
case $VERSION in
[0-9]*) ;;
*) die "version $VERSION: it has to begin with a digit" ;;
esac
case $VERSION in
*[!0-9A-Za-z.+~]*) die "version $VERSION: only letters, digits, dots, + and ~ are the same for dpkg and rpm" ;;
esac
MAINTAINER="The oneha authors <oneha@users.noreply.github.com>"
export SOURCE_DATE_EPOCH VERSION MAINTAINER
# Levels that a machine may have set otherwise.
export GOAMD64=v1 GOARM64=v8.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

# One of the programs in this directory.
program() { GOTOOLCHAIN=$TOOLCHAIN CGO_ENABLED=0 $(test/setup.sh which) run -tags urfave_cli_no_docs "$@"; }

# What make install puts anywhere is what is packaged; only the binaries are made for
# each architecture.
make -s install PREFIX=/usr BIN="$work/host" DESTDIR="$work/root" VERSION="$VERSION" COMMIT="$commit" TOOLCHAIN="$TOOLCHAIN"
cp -r packaging/nfpm packaging/scripts "$work/"
# What of a configuration of Pacemaker names the agents of a package.
guard() { sed "s|@PACKAGE@|$1|; s|@USED@|$2|" packaging/scripts/agents-prerm.sh >"$work/scripts/$1-prerm.sh"; }
guard resource-agents-opennebula ' provider="opennebula"'
guard fence-agents-bmc ' type="fence_bmc_'
mkdir -p "$work/examples" "$work/doc" "$work/docs/reference" "$work/docs/decisions"
cp examples/*.yaml "$work/examples/"
cp docs/*.* "$work/docs/"
cp docs/reference/*.md "$work/docs/reference/"
cp docs/decisions/*.md "$work/docs/decisions/"
cp LICENSE CHANGELOG.md "$work/doc/"
program ./packaging/licences -dir "$work/doc"
cat >"$work/changelog.yml" <<CHANGES
- semver: $(echo "$VERSION" | tr '~' -)-1
  date: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
  packager: $MAINTAINER
  deb: {urgency: medium, distributions: [unstable]}
  changes:
    - note: "See https://github.com/oneha/oneha/blob/main/CHANGELOG.md"
CHANGES

# nfpm takes no pattern for files that rpm is to know as documentation, so each line
# with one becomes a line for each file.
cd "$work"
for description in nfpm/*.yaml; do
	while IFS= read -r line; do
		case $line in
		*"type: doc"*)
			pattern=$(expr "$line" : '.*src: \([^,]*\),')
			for file in $pattern; do # a pattern without a file stays, and nfpm says so
				echo "$line" | sed "s|src: [^,]*,|src: $file,|; s|dst: \([^,]*\),|dst: \1${file##*/},|"
			done
			;;
		*) echo "$line" ;;
		esac
	done <"$description" >expanded
	mv expanded "$description"
done
cd "$OLDPWD"

mkdir "$work/out" "$work/built"
for ARCH in $ARCHES; do
	export ARCH
	GOARCH=$ARCH make -s binaries BIN="$work/bin" VERSION="$VERSION" COMMIT="$commit" TOOLCHAIN="$TOOLCHAIN"
	for format in deb rpm; do
		for package in oneha resource-agents-opennebula fence-agents-bmc oneha-raft; do
			(cd "$work" && "$NFPM" package -f "nfpm/$package.yaml" -p "$format" -t out/ >nfpm.log 2>&1) || { cat "$work/nfpm.log" >&2; die "nfpm cannot make $package for $ARCH as $format"; }
		done
	done
	mv "$work/bin" "$work/built/$ARCH"
done
program ./packaging/sbom -dir "$work/built" -version "$VERSION" -commit "$commit" -out "$work/out/oneha-$VERSION.cdx.json"
(cd "$work/out" && sha256sum -- *.deb *.rpm *.cdx.json >SHA256SUMS)
mkdir -p "$1"
rm -f "$1"/*.deb "$1"/*.rpm "$1"/*.cdx.json "$1/SHA256SUMS"
mv "$work/out/"* "$1/"
echo "packages: $(grep -c -v 'cdx\.json$' "$1/SHA256SUMS") packages of version $VERSION in $1, and what is in them in oneha-$VERSION.cdx.json"
