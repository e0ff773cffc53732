"""Which of the numbers at the ends of a file's lines are missing between others, and which came twice:

    holes.py FILE MOST      fails where one came twice, or more than MOST are missing
"""

import sys

numbers = [int(line.split()[-1]) for line in open(sys.argv[1]) if line.endswith("\n")]
came = set(numbers)
missing = [number for number in range(1, max(came) + 1) if number not in came]
twice = len(numbers) - len(came)
print(f"{sys.argv[1]}: {len(came)} of {max(came)} came, {len(missing)} are missing, {twice} came twice")
sys.exit(twice > 0 or len(missing) > int(sys.argv[2]))
