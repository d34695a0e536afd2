# acl.auth.php
# <?php exit()?>
# Everybody may read, edit, create and upload (8).
*	@ALL	8
