# Writes oned.conf with another DB: awk -v server=HOST -v secret=FILE -f oned-database.awk oned.conf.
# The vector may be in one line or in several. The password comes from a file, so that it
# is in no argument.
BEGIN {
	if ((getline password < secret) <= 0) {
		print "oned-database.awk: cannot read " secret > "/dev/stderr"
		failed = 1
		exit 1
	}
}
!inside && /^[ \t]*DB[ \t]*=/ {
	inside = 1
	printf "DB = [ BACKEND = \"mysql\",\n       SERVER  = \"%s\",\n       PORT    = 0,\n", server
	printf "       USER    = \"oneadmin\",\n       PASSWD  = \"%s\",\n", password
	print "       DB_NAME = \"opennebula\",\n       CONNECTIONS = 25 ]"
	found++
}
!inside { print }
inside && /\]/ { inside = 0 }
END {
	if (!failed && found != 1) {
		print "oned-database.awk: one DB is expected, there are " found + 0 > "/dev/stderr"
		exit 1
	}
}
